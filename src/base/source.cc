#include "base/source.h"

#include <algorithm>
#include <utility>

namespace rr {

Source::Source(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
  line_starts_.push_back(0);
  for (uint32_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
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

Place Place::File(std::string path) {
  Place place;
  place.file = std::move(path);
  return place;
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
  result.offsets.resize(text.size() + 1);
  for (size_t i = 0; i < result.offsets.size(); ++i) result.offsets[i] = static_cast<uint32_t>(i);
  result.source = std::make_shared<Source>(std::move(source_name), text);
  result.text = std::move(text);
  return result;
}

SpannedText SpannedText::Slice(size_t begin, size_t count) const {
  SpannedText result;
  result.source = source;
  result.text = text.substr(begin, count);
  if (!offsets.empty()) {
    result.offsets.assign(offsets.begin() + static_cast<ptrdiff_t>(begin),
                          offsets.begin() + static_cast<ptrdiff_t>(begin + result.text.size() + 1));
  }
  return result;
}

}  // namespace rr
