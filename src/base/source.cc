#include "base/source.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <set>
#include <utility>

namespace rr {

Source::Source(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
  line_starts_.push_back(0);
  for (uint32_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

SourcePtr KeepSource(std::string name, std::string text) {
  static std::mutex adding;
  static std::deque<Source> kept;
  Source source(std::move(name), std::move(text));
  const std::lock_guard lock(adding);
  return &kept.emplace_back(std::move(source));
}

Source::Position Source::PositionOf(uint32_t offset) const {
  offset = std::min<uint32_t>(offset, static_cast<uint32_t>(text_.size()));
  auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = static_cast<int>(next - line_starts_.begin());
  int column = 1;
  for (uint32_t i = line_starts_[line - 1]; i < offset; ++i) {
    if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) ++column;
  }
  return {line, column};
}

std::string_view Source::Line(int line) const {
  if (line < 1 || line > static_cast<int>(line_starts_.size())) return {};
  const uint32_t begin = line_starts_[line - 1];
  uint32_t end = line < static_cast<int>(line_starts_.size()) ? line_starts_[line] - 1
                                                              : static_cast<uint32_t>(text_.size());
  if (end > begin && text_[end - 1] == '\r') --end;
  return std::string_view(text_).substr(begin, end - begin);
}

Place Place::File(std::string_view path) {
  static std::mutex adding;
  static std::set<std::string, std::less<>> kept;
  const std::lock_guard lock(adding);
  auto known = kept.find(path);
  if (known == kept.end()) known = kept.emplace(path).first;
  return {nullptr, 0, 0, *known};
}

std::string_view Place::FileName() const { return source == nullptr ? file : source->name(); }

std::string_view Place::Text() const {
  return source == nullptr ? "" : std::string_view(source->text()).substr(begin, end - begin);
}

TextOffsets::TextOffsets(std::vector<uint32_t> offsets) : size_(offsets.size()) {
  if (offsets.empty()) return;
  first_ = offsets.front();
  last_ = offsets.back();
  step_ = 1;
  const uint32_t first = first_;
  const bool in_a_row = std::all_of(offsets.begin(), offsets.end(), [&](const uint32_t& offset) {
    return offset == first + static_cast<uint32_t>(&offset - offsets.data());
  });
  if (!in_a_row) each_ = std::make_shared<const std::vector<uint32_t>>(std::move(offsets));
}

TextOffsets TextOffsets::InARow(uint32_t first, size_t count) {
  TextOffsets offsets;
  offsets.first_ = first;
  offsets.step_ = 1;
  offsets.size_ = count;
  offsets.last_ = first + static_cast<uint32_t>(count == 0 ? 0 : count - 1);
  return offsets;
}

TextOffsets TextOffsets::AllAt(uint32_t first, size_t count, uint32_t last) {
  TextOffsets offsets;
  offsets.first_ = first;
  offsets.size_ = count;
  offsets.last_ = last;
  return offsets;
}

uint32_t TextOffsets::operator[](size_t i) const {
  if (each_ != nullptr) return (*each_)[i];
  return i + 1 == size_ ? last_ : first_ + step_ * static_cast<uint32_t>(i);
}

TextOffsets TextOffsets::Slice(size_t begin, size_t count) const {
  const std::vector<uint32_t> all = ToVector();
  const auto from = all.begin() + static_cast<ptrdiff_t>(begin);
  return std::vector<uint32_t>(from, from + static_cast<ptrdiff_t>(count));
}

std::vector<uint32_t> TextOffsets::ToVector() const {
  if (each_ != nullptr) return *each_;
  std::vector<uint32_t> all(size_);
  for (size_t i = 0; i < size_; ++i) all[i] = (*this)[i];
  return all;
}

Place SpannedText::PlaceOf(size_t begin, size_t end) const {
  if (source == nullptr || offsets.empty()) return {};
  const size_t last = offsets.size() - 1;
  begin = std::min(begin, last);
  end = std::min(std::max(end, begin), last);
  // A range ends where its last byte ends. That is where the next byte begins (an escape takes
  // several bytes), unless the next byte stands on another line of a folded scalar.
  const uint32_t from = offsets[begin];
  uint32_t to = from;
  if (end > begin) {
    const uint32_t last_byte = offsets[end - 1];
    to = last_byte + 1;
    const std::string_view rest =
        std::string_view(source->text()).substr(std::min<size_t>(last_byte, source->text().size()));
    if (offsets[end] > to &&
        rest.substr(0, offsets[end] - last_byte).find('\n') == std::string_view::npos) {
      to = offsets[end];
    }
  }
  return {source, from, std::max(from, to), {}};
}

SpannedText SpannedText::FromString(std::string text, std::string source_name) {
  SpannedText result;
  result.offsets = TextOffsets::InARow(0, text.size() + 1);
  result.source = KeepSource(std::move(source_name), text);
  result.text = std::move(text);
  return result;
}

TextOffsets SpannedText::OffsetsFor(std::string_view other) const {
  if (offsets.empty()) return {};
  return TextOffsets::AllAt(offsets.front(), other.size() + 1, offsets.back());
}

SpannedText SpannedText::Slice(size_t begin, size_t count) const {
  SpannedText result;
  result.source = source;
  result.text = text.substr(begin, count);
  if (!offsets.empty()) result.offsets = offsets.Slice(begin, result.text.size() + 1);
  return result;
}

}  // namespace rr
