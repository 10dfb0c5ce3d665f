// A strict pull parser of JSON text: the caller asks for what it expects, nothing is built that
// nobody asked for.
//
// Why not a library: the header of a safetensors file must be refused for things that libraries let
// pass (duplicate names, -0 or 2e0 as a size) and a config.json must be read although it holds
// things that they refuse (Infinity, numbers of any size). One small reader serves both, and a
// header of 200,000 tensors takes it some tens of milliseconds.
//
// Every call returns false once something was wrong; error() then says what and offset() where.
// Containers nest 64 deep at most. Names of members are decoded before the caller sees them.
#ifndef RULE_RUNNER_IO_JSON_READER_H_
#define RULE_RUNNER_IO_JSON_READER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rr {

inline constexpr int kMaxJsonDepth = 64;

class JsonReader {
 public:
  // kPython also reads the literals Infinity, -Infinity and NaN as numbers.
  enum class Literals { kStrict, kPython };
  enum class Kind { kNone, kNull, kBool, kNumber, kString, kList, kMap };

  explicit JsonReader(std::string_view text, Literals literals = Literals::kStrict)
      : text_(text), literals_(literals) {}

  // What the next value is, by its first byte; nothing is consumed but white space. kNone: no value
  // starts here.
  Kind Peek();

  bool EnterMap();
  bool NextMember(
      std::string* name);  // false after the last one (its `}` is consumed) and on errors
  bool EnterList();
  bool NextItem();  // false after the last one (its `]` is consumed) and on errors

  bool ReadNull();
  bool ReadBool(bool* out);
  bool ReadString(std::string* out);
  bool ReadNumber(std::string_view* token);  // its text, checked by JSON's grammar
  // Plain digits only: no sign, no fraction, no exponent. `what` is for the message.
  bool ReadUint(uint64_t* out, const char* what = "a whole number in plain digits");
  bool SkipValue();  // checked like any other, duplicate names included
  bool ExpectEnd();  // nothing but white space is left

  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }
  size_t offset() const { return position_; }
  // Makes this an error at the current place, for what only the caller can see. The first error
  // stays.
  bool Fail(std::string message);
  bool FailAt(size_t offset, std::string message);

 private:
  void SkipSpace();
  bool Enter(char open, const char* what);
  bool Next(char close, const char* what);
  bool ReadWord(std::string_view word);
  bool ReadEscape(std::string* out);
  bool ReadHex4(uint32_t* out);
  bool FailOnValue(const char* expected);

  std::string_view text_;
  Literals literals_;
  size_t position_ = 0;
  int depth_ = 0;
  std::array<bool, kMaxJsonDepth + 1> first_{};
  std::string error_;
};

// The length of the UTF-8 sequence that starts `text` (not empty), 0 when it is none (overlong
// forms and surrogates are none).
size_t Utf8SequenceLength(std::string_view text);

// How many bytes at its start stand for themselves in any text: ASCII without quote, backslash and
// control characters. Nearly all of a header is such, so eight bytes are looked at together.
size_t PlainLength(std::string_view text);

}  // namespace rr

#endif  // RULE_RUNNER_IO_JSON_READER_H_
