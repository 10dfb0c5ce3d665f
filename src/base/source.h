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

// One file's text. Immutable, and kept as long as the program runs: places in it are plain numbers,
// copied by the million, and a finding may be told long after its file was read.
class Source {
 public:
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
  friend const Source* KeepSource(std::string name, std::string text);
  Source(std::string name, std::string text);

  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_starts_;
};

using SourcePtr = const Source*;

// Never null. Two of the same name are two sources. May be called by several threads.
SourcePtr KeepSource(std::string name, std::string text);

// A half-open byte range of a source. Without a source it is a whole file, or nowhere (both empty).
struct Place {
  SourcePtr source = nullptr;
  uint32_t begin = 0;
  uint32_t end = 0;
  std::string_view file;  // used when there is no source: a checkpoint, a config file

  static Place File(std::string_view path);
  std::string_view FileName() const;  // empty for nowhere
  std::string_view Text() const;      // its bytes; empty without a source
};

// Where the bytes of a text stand in a source, and where the last one ends: most texts stand there
// byte by byte as they are.
class TextOffsets {
 public:
  TextOffsets() = default;
  TextOffsets(std::vector<uint32_t> offsets);
  static TextOffsets InARow(uint32_t first, size_t count);
  // Text that stands for another: each byte of it begins where that does.
  static TextOffsets AllAt(uint32_t first, size_t count, uint32_t last);

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  uint32_t operator[](size_t i) const;
  uint32_t front() const { return (*this)[0]; }
  uint32_t back() const { return (*this)[size_ - 1]; }
  TextOffsets Slice(size_t begin, size_t count) const;
  std::vector<uint32_t> ToVector() const;
  friend bool operator==(const TextOffsets& a, const TextOffsets& b) {
    return a.ToVector() == b.ToVector();
  }

 private:
  uint32_t first_ = 0, step_ = 0, last_ = 0;
  size_t size_ = 0;
  std::shared_ptr<const std::vector<uint32_t>> each_;  // where it is no row
};

// The text of a YAML scalar with, for every byte of it, the offset in the source that it was
// written at. Escapes, folding and quotes make these different from a constant shift.
struct SpannedText {
  std::string text;
  TextOffsets offsets;  // text.size() + 1 entries, or empty when the text has no source
  SourcePtr source = nullptr;

  // The place of bytes [begin, end) of `text`.
  Place PlaceOf(size_t begin, size_t end) const;
  Place place() const { return PlaceOf(0, text.size()); }

  // Text that no file holds (the command line, tests): places in it point into a source of that
  // name.
  static SpannedText FromString(std::string text, std::string source_name = "<text>");
  // For text that stands for this one: all of it is where this is.
  TextOffsets OffsetsFor(std::string_view other) const;
  // Bytes [begin, begin + count) with their places.
  SpannedText Slice(size_t begin, size_t count) const;
};

}  // namespace rr

#endif  // RULE_RUNNER_BASE_SOURCE_H_
