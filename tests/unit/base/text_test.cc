#include "base/text.h"

#include <doctest/doctest.h>

namespace rr {
namespace {

TEST_CASE("edit distance counts an exchange of neighbours as one edit") {
  CHECK(EditDistance("", "") == 0);
  CHECK(EditDistance("abc", "") == 3);
  CHECK(EditDistance("abc", "abd") == 1);
  CHECK(EditDistance("abc", "acb") == 1);
  CHECK(EditDistance("kitten", "sitting") == 3);
}

TEST_CASE("the nearest word, when it is near") {
  CHECK(NearestWord("layuots", {"layout", "layouts", "blocks"}) == "layouts");
  CHECK(NearestWord("gate", {"late", "rate"}) == "late");
  CHECK_FALSE(NearestWord("gate", {"experts"}));
  CHECK_FALSE(NearestWord("a", {"b", "c"}));  // one letter for another is no misspelling
  CHECK_FALSE(NearestWord("gate", {}));
  CHECK(DidYouMean("tensor", {"tensors"}) == "did you mean `tensors`?");
  CHECK(DidYouMean("x", {"tensors"}) == "");
}

TEST_CASE("lists of words") {
  CHECK(JoinWords({}) == "");
  CHECK(JoinWords({"a"}) == "a");
  CHECK(JoinWords({"a", "b"}) == "a and b");
  CHECK(JoinWords({"a", "b", "c"}) == "a, b and c");
  CHECK(JoinWords({"a", "b", "c", "d"}, 2) == "a, b and 2 more");
}

TEST_CASE("numbers for people") {
  CHECK(WithCommas(0) == "0");
  CHECK(WithCommas(999) == "999");
  CHECK(WithCommas(1000) == "1,000");
  CHECK(WithCommas(18446744073709551615ULL) == "18,446,744,073,709,551,615");
  CHECK(HumanBytes(0) == "0 bytes");
  CHECK(HumanBytes(999) == "999 bytes");
  CHECK(HumanBytes(1000) == "1.00 kB");
  CHECK(HumanBytes(4'360'000'000) == "4.36 GB");
  CHECK(HumanBytes(43'600'000) == "43.6 MB");
  CHECK(HumanBytes(436'000) == "436 kB");
  CHECK(HumanBytes(999'999) == "1.00 MB");
  CHECK(HumanBytes(9'999) == "10.0 kB");
}

}  // namespace
}  // namespace rr
