// Errors as data.
//
// Every stage takes a `Diagnostics&`, adds what it finds and goes on as far as it can, so that one
// run reports all findings. Rendering is report/'s. Exceptions are kept for the operating system
// (`OsError`) and broken invariants.
#ifndef RULE_RUNNER_BASE_DIAGNOSTIC_H_
#define RULE_RUNNER_BASE_DIAGNOSTIC_H_

#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/source.h"

namespace rr {

enum class Severity { kNote, kWarning, kError };

constexpr std::string_view NameOf(Severity severity) {
  return severity == Severity::kError     ? "error"
         : severity == Severity::kWarning ? "warning"
                                          : "note";
}

// One code per mistake, stable and never reused. The table is codes.def.
enum class Code {
#define RR_CODE(number, symbol, name, severity, summary, advice) k##symbol = number,
#include "base/codes.def"
#undef RR_CODE
};

struct CodeInfo {
  Code code;
  std::string_view name;  // "wrong-axes"
  Severity severity;
  std::string_view summary;  // what is wrong, one sentence
  std::string_view advice;   // why it matters and how to mend it

  std::string Id() const;  // "RR203"
};

const std::vector<CodeInfo>& AllCodes();
const CodeInfo& InfoOf(Code code);

struct Note {
  Place place;
  std::string text;
};

// A change of the text of one source that mends a finding: `text` in the stead of `place`.
struct Edit {
  Place place;
  std::string text;
};

struct Diagnostic {
  Code code;
  Severity severity;
  Place place;
  std::string message;      // what was found and what was expected
  std::vector<Note> notes;  // related places, counter-examples
  std::string help;         // the nearest right thing; empty when there is none
  std::vector<Edit> fix;    // what `help` says, where a machine may do it; all of them or none
};

class Diagnostics {
 public:
  // Adds a finding with its code's severity; the reference is good until the next Add.
  Diagnostic& Add(Code code, Place place, std::string message);
  void Append(const Diagnostics& other);
  // Only what is not there yet: a mistake in a file that several families share is found in each of
  // them and said once.
  void AppendNew(const Diagnostics& other);

  const std::vector<Diagnostic>& all() const { return all_; }
  bool HasErrors() const;
  size_t ErrorCount() const;

 private:
  std::vector<Diagnostic> all_;
  // Of the first `indexed_`: where they are, by what AppendNew compares.
  std::unordered_multimap<size_t, size_t> index_;
  size_t indexed_ = 0;
};

// The operating system refused something: no space, no permission, an I/O error. Exit code 4.
class OsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace rr

#endif  // RULE_RUNNER_BASE_DIAGNOSTIC_H_
