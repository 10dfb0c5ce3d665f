#include "lint/lint.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <tuple>

#include "bind/rule_library.h"
#include "lint/passes.h"
#include "lint/suppressions.h"
#include "lint/untested_format.h"
#include "syntax/adapter_style.h"
#include "syntax/parsed_file.h"

namespace rr {
namespace {

constexpr uint64_t kMostBytes = 1 << 20;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

struct FileFindings {
  Diagnostics found;
  std::vector<SourcePtr> sources;  // what was read for it
};

class Linter {
 public:
  Linter(const Files& files, const std::vector<std::string>& directories,
         const Selection& selection)
      : files_(files), directories_(directories), selection_(selection) {
    attributes_ = std::async(std::launch::async, [this] {
      Attributes read;
      read.known = ConfigAttributes::Read(files_, directories_, &read.found);
      return read;
    });
  }

  // What the files say, found side by side and put together in their order.
  void LintAll(const std::vector<std::string>& paths) {
    std::vector<FileFindings> all(paths.size());
    std::atomic<size_t> next = 0;
    std::exception_ptr failure;
    std::mutex failing;
    const auto work = [&] {
      try {
        Worker worker{RuleLibrary(files_, directories_), {}};
        for (size_t i = next++; i < paths.size(); i = next++) all[i] = LintFile(paths[i], &worker);
      } catch (...) {
        const std::lock_guard lock(failing);
        failure = std::current_exception();
        next = paths.size();
      }
    };
    {
      std::vector<std::jthread> threads;
      const size_t count = std::min<size_t>(std::thread::hardware_concurrency(), paths.size());
      for (size_t i = 1; i < count; ++i) threads.emplace_back(work);
      work();
    }
    if (failure) std::rethrow_exception(failure);
    all_.AppendNew(attributes_.get().found);
    for (const FileFindings& file : all) {
      for (SourcePtr source : file.sources) sources_.emplace(source->name(), source);
      for (const Diagnostic& d : file.found.all()) {
        if (d.severity == Severity::kError) broken_.emplace(d.place.FileName());
      }
      all_.AppendNew(file.found);
    }
    report_.files = paths.size();
  }

  LintReport Finish(const std::vector<std::string>& paths) {
    Suppressions suppressions;
    Diagnostics of_comments;
    for (const auto& [name, source] : sources_) suppressions.Read(source, &of_comments);
    std::vector<Diagnostic> shown;
    for (const Diagnostic& d : all_.all()) {
      if (!suppressions.Allows(d) && selection_.Shows(d)) shown.push_back(d);
    }
    std::set<std::string> judged(paths.begin(), paths.end()), folders;
    for (const std::string& path : paths) folders.insert(FolderOf(path));
    for (const auto& [name, source] : sources_) {
      const std::string folder = FolderOf(name);
      const bool beside = (folder.ends_with("/common") || folder.ends_with("/adapters")) &&
                          folders.count(FolderOf(folder)) > 0 && paths.size() > 1;
      if (beside) judged.insert(name);
      if (judged.count(name) > 0) report_.sources.push_back(source);
    }
    // In a broken file not everything was looked for.
    for (const std::string& file : judged) {
      if (broken_.empty()) suppressions.ReportUnused(file, &of_comments);
    }
    for (const Diagnostic& d : of_comments.all()) {
      if (judged.count(std::string(d.place.FileName())) > 0 && selection_.Shows(d))
        shown.push_back(d);
    }
    const auto order = [](const Diagnostic& d) {
      return std::tuple(d.place.FileName(), d.place.begin, d.place.end, d.code,
                        std::string_view(d.message));
    };
    std::stable_sort(shown.begin(), shown.end(),
                     [&](const Diagnostic& a, const Diagnostic& b) { return order(a) < order(b); });
    for (Diagnostic& d : shown) report_.findings.Add(d.code, {}, "") = std::move(d);
    return std::move(report_);
  }

 private:
  struct Attributes {
    ConfigAttributes known;
    Diagnostics found;
  };
  // What one thread keeps from file to file: shared parts are read once, rules are let go.
  struct Worker {
    RuleLibrary library;
    std::set<std::string> seen;  // whose form has been looked at
  };

  FileFindings LintFile(const std::string& path, Worker* worker) const {
    if (IsQuantFile(path)) return LintQuantFile(path);
    FileFindings file;
    RuleLibrary& library = worker->library;
    if (const RulesPtr rules = library.LoadFile(path, &file.found)) {
      if (rules->valid) {
        const RulesPtr adapters =
            library.AdaptersOf(rules, RuleLibrary::Internal::kNo, &file.found);
        library.CheckInternal(rules, &file.found);
        const ConfigAttributes& attributes = attributes_.get().known;
        RunPasses({*rules, adapters->valid ? adapters.get() : nullptr, rules->file->sources.at(0),
                   attributes.empty() ? nullptr : &attributes, ReachedParts(*rules)},
                  &file.found);
      }
      file.sources = rules->file->sources;
      for (const StylePtr& style : library.Styles(&file.found))
        file.sources.push_back(style->name.place.source);
    }
    library.ForgetRules();
    for (const Diagnostic& d : file.found.all()) {
      if (d.place.source != nullptr) file.sources.push_back(d.place.source);
    }
    for (SourcePtr source : file.sources) {
      if (!worker->seen.insert(source->name()).second) continue;
      // What cannot be read is reported where the file is loaded.
      const ParsedFilePtr parsed = library.Parsed(source->name());
      if (parsed == nullptr || !parsed->tree) continue;
      Diagnostics found;
      RunFilePasses(*parsed->tree, &found);
      file.found.AppendNew(found);
    }
    return file;
  }

  FileFindings LintQuantFile(const std::string& path) const {
    FileFindings file;
    std::optional<std::string> text = ReadSmallFile(files_, path, kMostBytes);
    if (!text) {
      file.found.Add(Code::kBadYaml, Place::File(path), "this is no file of at most 1 MB");
      return file;
    }
    const auto source = KeepSource(path, std::move(*text));
    file.sources.push_back(source);
    const std::optional<YamlNode> tree = ParseYaml(source, &file.found);
    if (!tree) return file;
    const std::vector<QuantFormat> formats = ParseQuantFormats(*tree, &file.found);
    const std::vector<QuantTest> tests = ParseQuantTests(*tree, &file.found);
    if (!file.found.HasErrors()) FindUntestedFormats(formats, tests, &file.found);
    Diagnostics of_form;
    FindDuplicateItems(*tree, &of_form);
    file.found.AppendNew(of_form);
    return file;
  }

  const Files& files_;
  const std::vector<std::string>& directories_;
  const Selection& selection_;
  std::shared_future<Attributes> attributes_;  // read while files are looked at
  Diagnostics all_;
  std::map<std::string, SourcePtr> sources_;
  std::set<std::string> broken_;
  LintReport report_;
};

}  // namespace

LintReport Lint(const Files& files, const std::vector<std::string>& paths,
                const std::vector<std::string>& directories, const Selection& selection) {
  Linter linter(files, directories, selection);
  linter.LintAll(paths);
  return linter.Finish(paths);
}

}  // namespace rr
