// Writing a checkpoint: into a temporary name beside the final one, so that a rename within one
// file system publishes it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "io/destination.h"
#include "io/output.h"
#include "io/paths.h"

namespace rr {
namespace {

// A name beside the destination that nobody has: hidden, and telling whose it is.
std::string TemporaryName(const Files& files, const Destination& destination) {
  const std::string base =
      JoinPath(destination.parent, fmt::format(".{}.rule-runner-{}", destination.name, ::getpid()));
  std::string path = base;
  for (int i = 2; files.KindOf(path) != FileKind::kNone; ++i) path = fmt::format("{}-{}", base, i);
  return path;
}

}  // namespace

struct OutputCheckpoint::State {
  Files* files = nullptr;
  Destination destination;
  OutputLayout layout;
  bool force = false;
  std::string temporary;  // a file or a folder
  std::vector<std::unique_ptr<OutputFile>> shards;
  bool published = false;

  // Not for a one-file destination, which is itself the temporary file.
  std::string PathInside(const std::string& name) const {
    const bool plain =
        !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
    if (!plain) throw std::logic_error("not the name of a file in the destination: " + name);
    return JoinPath(temporary, name);
  }

  void Begin() {
    temporary = TemporaryName(*files, destination);
    if (!destination.one_file) files->MakeDirectory(temporary);
    for (const OutputShard& shard : layout.shards) {
      auto file = files->Create(destination.one_file ? temporary : PathInside(shard.name));
      file->Allocate(shard.size);
      file->WriteAt(0, std::as_bytes(std::span(shard.header)));
      shards.push_back(std::move(file));
    }
  }

  void GiveFinalName() {
    if (!IsTaken(*files, destination)) {
      files->Rename(temporary, destination.path);
      published = true;
      return files->SyncDirectory(destination.parent);
    }
    if (!force)
      throw OsError(
          fmt::format("cannot write `{}`: somebody else has made it meanwhile", destination.path));
    if (destination.one_file) {  // a rename replaces a file in one step
      files->Rename(temporary, destination.path);
      published = true;
      return files->SyncDirectory(destination.parent);
    }
    // It does not replace a folder. Between the two renames a crash leaves no destination, but both
    // folders.
    const std::string old = temporary + "-old";
    files->Rename(destination.path, old);
    try {
      files->Rename(temporary, destination.path);
    } catch (...) {
      files->Rename(old, destination.path);
      throw;
    }
    published = true;
    files->SyncDirectory(destination.parent);
    files->RemoveAll(old);
  }
};

OutputCheckpoint::OutputCheckpoint(std::unique_ptr<State> state) : state_(std::move(state)) {}

OutputCheckpoint::~OutputCheckpoint() {
  if (state_->published || state_->temporary.empty()) return;
  state_->shards.clear();
  try {
    state_->files->RemoveAll(state_->temporary);
  } catch (const std::exception&) {
    // Nothing more can be done here, and what led here is the error to report.
  }
}

std::unique_ptr<OutputCheckpoint> OutputCheckpoint::Create(
    Files& files, const std::string& destination, OutputLayout layout,
    const std::string& source_path, bool force, uint64_t other_bytes, Diagnostics* diagnostics) {
  auto state = std::make_unique<State>();
  state->files = &files;
  state->destination = DestinationOf(destination);
  state->layout = std::move(layout);
  state->force = force;
  const Destination& to = state->destination;
  if (!CheckDestination(files, to, source_path, force, diagnostics)) return nullptr;
  if (to.one_file && state->layout.shards.size() != 1) {
    diagnostics->Add(Code::kBadDestination, Place::File(to.path),
                     fmt::format("the output has {} shards, which need a folder; this is one file",
                                 state->layout.shards.size()));
    return nullptr;
  }
  uint64_t bytes = 0;
  if (__builtin_add_overflow(state->layout.total_bytes, other_bytes, &bytes)) bytes = UINT64_MAX;
  if (!CheckSpace(files, to, bytes, diagnostics)) return nullptr;
  // From here on the destructor cleans up, whatever is thrown.
  std::unique_ptr<OutputCheckpoint> output(new OutputCheckpoint(std::move(state)));
  output->state_->Begin();
  return output;
}

void OutputCheckpoint::Write(uint32_t index, uint64_t offset, std::span<const std::byte> data) {
  const OutputPlacement& place = state_->layout.tensors.at(index);
  if (offset > place.size || data.size() > place.size - offset) {
    throw std::out_of_range("bytes beyond the end of an output tensor");
  }
  state_->shards[place.shard]->WriteAt(place.begin + offset, data);
}

void OutputCheckpoint::AddFile(const std::string& name, std::string_view text) {
  if (!state_->destination.one_file) WriteSmallFile(*state_->files, state_->PathInside(name), text);
}

void OutputCheckpoint::CopyFile(const std::string& from, const std::string& name) {
  if (state_->destination.one_file) return;
  const auto in = state_->files->Open(from);
  const auto out = state_->files->Create(state_->PathInside(name));
  std::vector<std::byte> block(std::min<uint64_t>(in->size(), 1 << 20));
  for (uint64_t offset = 0; offset < in->size();) {
    const std::span part(block.data(), std::min<uint64_t>(block.size(), in->size() - offset));
    in->ReadAt(offset, part);
    out->WriteAt(offset, part);
    offset += part.size();
  }
  out->Sync();
}

void OutputCheckpoint::Publish() {
  State& state = *state_;
  for (const auto& shard : state.shards) shard->Sync();
  state.shards.clear();
  if (!state.destination.one_file) {
    if (!state.layout.index_json.empty()) AddFile(state.layout.index_name, state.layout.index_json);
    state.files->SyncDirectory(state.temporary);
  }
  state.GiveFinalName();
}

}  // namespace rr
