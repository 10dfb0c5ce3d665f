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

#include "bind/rule_file_kind.h"
#include "bind/rule_library.h"
#include "lint/other_files.h"
#include "lint/passes.h"
#include "lint/suppressions.h"
#include "syntax/adapter_style.h"
#include "syntax/parsed_file.h"

namespace rr {
namespace {

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

struct FileFindings {
  Diagnostics found;
  std::vector<SourcePtr> sources;  // what was read for it
  RuleFileKind kind = RuleFileKind::kFamily;
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

  // What the files say. What styles and parts mean shows in the families that use them: those that
  // are not asked for are looked at as well, and nothing else is told of them.
  void LintAll(const std::vector<std::string>& paths) {
    const std::set<std::string> asked(paths.begin(), paths.end());
    const std::vector<FileFindings> all = LintEach(paths);
    all_.AppendNew(attributes_.get().found);
    for (const FileFindings& file : all) Take(file, [](const auto&) { return true; });
    const bool by_families = std::any_of(all.begin(), all.end(), [](const FileFindings& file) {
      return file.kind == RuleFileKind::kStyles || file.kind == RuleFileKind::kPart;
    });
    std::vector<std::string> others;
    const RuleLibrary library(files_, directories_);
    if (by_families) {
      for (const std::string& family : library.Families()) {
        if (const std::string path = library.PathOf(family); asked.count(path) == 0)
          others.push_back(path);
      }
    }
    for (const FileFindings& file : LintEach(others))
      Take(file, [&](const auto& name) { return asked.count(std::string(name)) > 0; });
    report_.files = paths.size();
  }

  template <class IsTold>
  void Take(const FileFindings& file, const IsTold& is_told) {
    for (const SourcePtr& source : file.sources) {
      if (is_told(source->name())) sources_.emplace(source->name(), source);
    }
    Diagnostics told;
    for (const Diagnostic& d : file.found.all()) {
      if (is_told(d.place.FileName())) {
        told.Add(d.code, {}, "") = d;
      } else {
        broken_ = broken_ || d.severity == Severity::kError;
      }
    }
    all_.AppendNew(told);
  }

  // Side by side; in the order of the paths.
  std::vector<FileFindings> LintEach(const std::vector<std::string>& paths) const {
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
    return all;
  }

  LintReport Finish(const std::vector<std::string>& paths) {
    Suppressions suppressions;
    Diagnostics of_comments;
    for (const auto& [name, source] : sources_) suppressions.Read(source, &of_comments);
    std::vector<Diagnostic> shown;
    for (const Diagnostic& d : all_.all()) {
      if (suppressions.Allows(d)) continue;
      broken_ = broken_ || d.severity == Severity::kError;
      if (selection_.Shows(d)) shown.push_back(d);
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
    // Where something is broken not everything was looked for.
    for (const std::string& file : judged) {
      if (!broken_) suppressions.ReportUnused(file, &of_comments);
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
    FileFindings file;
    RuleLibrary& library = worker->library;
    const ParsedFilePtr own = library.Parsed(path);
    const RuleFileKind kind =
        KindOfRuleFile(own != nullptr && own->tree ? &*own->tree : nullptr, path);
    if (kind != RuleFileKind::kFamily) return LintOther(own, path, kind);
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

  static FileFindings LintOther(const ParsedFilePtr& own, const std::string& path,
                                RuleFileKind kind) {
    FileFindings file;
    file.kind = kind;
    if (own == nullptr) {
      file.found.Add(Code::kBadYaml, Place::File(path), "this is no file of at most 1 MB");
      return file;
    }
    file.sources.push_back(own->source);
    file.found.AppendNew(own->found);
    if (own->tree) LintForm(*own->tree, kind, &file.found);
    return file;
  }

  const Files& files_;
  const std::vector<std::string>& directories_;
  const Selection& selection_;
  std::shared_future<Attributes> attributes_;  // read while files are looked at
  Diagnostics all_;
  std::map<std::string, SourcePtr> sources_;
  bool broken_ = false;  // there are errors that nothing allows
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
