#include "base/source.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace rr {
namespace {

TEST_CASE("positions count lines from 1 and columns in code points") {
  const Source& source = *KeepSource("x", "ab\né😀x\n\nlast");
  const auto at = [&](uint32_t offset) {
    const Source::Position position = source.PositionOf(offset);
    return std::to_string(position.line) + ":" + std::to_string(position.column);
  };
  CHECK(at(0) == "1:1");
  CHECK(at(2) == "1:3");  // the line break itself
  CHECK(at(3) == "2:1");
  CHECK(at(5) == "2:2");
  CHECK(at(9) == "2:3");
  CHECK(at(11) == "3:1");
  CHECK(at(12) == "4:1");
  CHECK(at(16) == "4:5");
  CHECK(at(999) == "4:5");
  CHECK(KeepSource("x", "")->PositionOf(0).column == 1);
}

TEST_CASE("lines without their ends") {
  const Source& source = *KeepSource("x", "ab\r\n\nlast");
  CHECK(source.Line(1) == "ab");
  CHECK(source.Line(2) == "");
  CHECK(source.Line(3) == "last");
  CHECK(source.Line(4) == "");
  CHECK(source.Line(0) == "");
  CHECK(source.Line(-1) == "");
  CHECK(KeepSource("x", "a\n")->Line(2) == "");
}

TEST_CASE("places of text that is written as it is") {
  const SpannedText text = SpannedText::FromString("abc");
  CHECK(text.source->name() == "<text>");
  CHECK(text.place().begin == 0);
  CHECK(text.place().end == 3);
  CHECK(text.PlaceOf(1, 2).begin == 1);
  CHECK(text.PlaceOf(1, 2).end == 2);
  CHECK(text.PlaceOf(3, 3).begin == 3);
  // Out of range is clamped, backwards is empty.
  CHECK(text.PlaceOf(7, 9).begin == 3);
  CHECK(text.PlaceOf(7, 9).end == 3);
  CHECK(text.PlaceOf(2, 1).begin == 2);
  CHECK(text.PlaceOf(2, 1).end == 2);
}

TEST_CASE("places of text with escapes and folded lines") {
  SpannedText text;
  text.source = KeepSource("x", "\"a\\x41 \n  b\"");
  text.text = "aA b";
  text.offsets = std::vector<uint32_t>{1, 2, 6, 10, 11};
  CHECK(text.PlaceOf(0, 1).end == 2);
  CHECK(text.PlaceOf(1, 2).begin == 2);
  CHECK(text.PlaceOf(1, 2).end == 6);  // the whole escape
  CHECK(text.PlaceOf(2, 3).end == 7);  // a fold ends on its own line
  CHECK(text.PlaceOf(0, 4).end == 11);
}

TEST_CASE("places are plain numbers, and their sources outlive whoever read them") {
  static_assert(std::is_trivially_copyable_v<Place>);
  Place place;
  {
    const SpannedText text = SpannedText::FromString("one two", std::string("a") + ".yaml");
    place = text.PlaceOf(4, 7);
  }
  CHECK(place.source->text() == "one two");
  CHECK(place.FileName() == "a.yaml");
  CHECK(Place{}.FileName() == "");
  const std::string path = "model.safetensors";
  const Place file = Place::File(std::string(path));
  CHECK(file.FileName() == path);
  CHECK(file.file.data() == Place::File(path).file.data());
}

TEST_CASE("offsets: a row, a row with gaps, and text that stands for another") {
  const TextOffsets row(std::vector<uint32_t>{5, 6, 7});
  CHECK(row == TextOffsets::InARow(5, 3));
  CHECK(row.ToVector() == std::vector<uint32_t>{5, 6, 7});
  CHECK(row.Slice(1, 2).ToVector() == std::vector<uint32_t>{6, 7});
  const TextOffsets gaps(std::vector<uint32_t>{5, 7, 8, 12});
  CHECK(gaps.ToVector() == std::vector<uint32_t>{5, 7, 8, 12});
  CHECK(gaps[1] == 7);
  CHECK(gaps.back() == 12);
  CHECK_FALSE(gaps == TextOffsets(std::vector<uint32_t>{5, 7, 8, 11}));
  CHECK(gaps.Slice(1, 2).ToVector() == std::vector<uint32_t>{7, 8});
  CHECK(TextOffsets::AllAt(3, 4, 9).ToVector() == std::vector<uint32_t>{3, 3, 3, 9});
  CHECK(TextOffsets().empty());
  CHECK(TextOffsets::InARow(4, 1).ToVector() == std::vector<uint32_t>{4});
  SpannedText text;
  text.text = "ab";
  text.offsets = std::vector<uint32_t>{3, 4, 7};
  CHECK(text.OffsetsFor("xyz").ToVector() == std::vector<uint32_t>{3, 3, 3, 7});
  CHECK(SpannedText{}.OffsetsFor("xyz").empty());
}

TEST_CASE("slices keep their places") {
  const SpannedText text = SpannedText::FromString("one two", "x");
  const SpannedText slice = text.Slice(4, 99);
  CHECK(slice.text == "two");
  CHECK(slice.PlaceOf(1, 3).begin == 5);
  CHECK(slice.place().end == 7);
  CHECK(text.Slice(7, 1).text == "");
  CHECK(text.Slice(7, 1).place().begin == 7);
  SpannedText nowhere;
  nowhere.text = "one";
  CHECK(nowhere.Slice(1, 1).text == "n");
  CHECK(nowhere.place().source == nullptr);
  CHECK(Place::File("a.json").file == "a.json");
}

}  // namespace
}  // namespace rr
