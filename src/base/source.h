// Text that a person wrote, and places in it.
//
// Enters: the bytes of a rule file. Leaves: values (`SpannedText`, `Place`) that remember which
// bytes they came from, so that an error inside an expression inside a folded YAML scalar is shown
// at its true line and column. Places live beside the values, never inside the syntax trees'
// meaning: two trees that differ only in places are equal.
#ifndef RULE_RUNNER_BASE_SOURCE_H_
#define RULE_RUNNER_BASE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rr {

// One file's text. Immutable; shared by every place in it.
class Source {
 public:
  Source(std::string name, std::string text);

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }

  // 1-based line and column of a byte offset; columns count code points. Offsets past the end give
  // the end.
  struct Position {
    int line;
    int column;
  };
  Position PositionOf(uint32_t offset) const;
  // The text of a 1-based line, without its newline.
  std::string_view Line(int line) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_starts_;
};

using SourcePtr = std::shared_ptr<const Source>;

// A half-open byte range of a source. Without a source it is a whole file, or nowhere (both empty).
struct Place {
  SourcePtr source;
  uint32_t begin = 0;
  uint32_t end = 0;
  std::string file;  // used when there is no source: a checkpoint, a config file

  static Place File(std::string path);
};

// The text of a YAML scalar with, for every byte of it, the offset in the source that it was
// written at. Escapes, folding and quotes make these different from a constant shift.
struct SpannedText {
  std::string text;
  std::vector<uint32_t> offsets;  // text.size() + 1 entries, or empty when the text has no source
  SourcePtr source;

  // The place of bytes [begin, end) of `text`.
  Place PlaceOf(size_t begin, size_t end) const;
  Place place() const { return PlaceOf(0, text.size()); }

  // Text that no file holds (the command line, tests): places in it point into a source of that
  // name.
  static SpannedText FromString(std::string text, std::string source_name = "<text>");
  // Bytes [begin, begin + count) with their places.
  SpannedText Slice(size_t begin, size_t count) const;
};

}  // namespace rr

#endif  // RULE_RUNNER_BASE_SOURCE_H_
