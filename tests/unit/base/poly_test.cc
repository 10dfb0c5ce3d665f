#include "base/poly.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rr {
namespace {

Poly A(const std::string& name) { return Poly::Axis(name); }
Poly N(int64_t n) { return Poly::Constant(n); }

Poly::SizeOf Sizes(std::map<std::string, int64_t> sizes) {
  return [sizes = std::move(sizes)](const std::string& axis) -> std::optional<int64_t> {
    const auto found = sizes.find(axis);
    return found == sizes.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST_CASE("polynomials are equal exactly when they are equal for every size") {
  CHECK(A("I") + A("I") == N(2) * A("I"));
  CHECK(A("G") * A("D") == A("D") * A("G"));
  CHECK((A("G") + N(1)) * (A("G") - N(1)) == A("G") * A("G") - N(1));
  CHECK(A("G") - A("G") == Poly());
  CHECK((A("G") - A("G")).IsZero());
  CHECK(N(0) == Poly());
  CHECK(N(0) * A("G") == Poly());
  CHECK_FALSE(A("H") == A("H'"));
  CHECK_FALSE(A("G") * A("G") == A("G"));
}

TEST_CASE("text: terms in the order of their axes, the constant last") {
  CHECK(Poly().ToString() == "0");
  CHECK(N(7).ToString() == "7");
  CHECK(N(-7).ToString() == "-7");
  CHECK((N(2) * A("I") * A("H") + N(3)).ToString() == "2*H*I + 3");
  CHECK((A("B") - N(2) * A("A") - N(1)).ToString() == "-2*A + B - 1");
  CHECK((A("D") * A("D")).ToString() == "D*D");
}

TEST_CASE("evaluation") {
  const Poly p = N(2) * A("G") * A("D") - A("D") + N(5);
  CHECK(p.Evaluate(Sizes({{"G", 3}, {"D", 7}})) == 40);
  CHECK(p.Evaluate(Sizes({{"G", 3}})) == std::nullopt);
  CHECK(Poly().Evaluate(Sizes({})) == 0);
  const int64_t huge = int64_t{1} << 40;
  CHECK((A("G") * A("D")).Evaluate(Sizes({{"G", huge}, {"D", huge}})) == std::nullopt);
  CHECK((A("G") + N(INT64_MAX)).Evaluate(Sizes({{"G", 1}})) == std::nullopt);
  CHECK((A("G") + N(INT64_MAX)).Evaluate(Sizes({{"G", 0}})) == INT64_MAX);
}

TEST_CASE("a part of the sizes put in") {
  const Poly p = N(2) * A("G") * A("D") + A("G");
  CHECK(p.Substitute(Sizes({{"G", 3}})) == N(6) * A("D") + N(3));
  CHECK(p.Substitute(Sizes({{"D", 5}})) == N(11) * A("G"));
  CHECK(p.Substitute(Sizes({{"G", 0}})) == Poly());
}

TEST_CASE("constants and axes") {
  CHECK(Poly().AsConstant() == 0);
  CHECK(N(4).AsConstant() == 4);
  CHECK(A("G").AsConstant() == std::nullopt);
  CHECK((A("G") + N(4)).AsConstant() == std::nullopt);
  CHECK((A("D") * A("G") + A("D") * A("B")).Axes() == std::vector<std::string>{"B", "D", "G"});
}

TEST_CASE("exact division by one term") {
  CHECK((N(6) * A("G") * A("D")).DividedBy(N(2) * A("D")) == N(3) * A("G"));
  CHECK((A("G") * A("D") + A("D")).DividedBy(A("D")) == A("G") + N(1));
  CHECK((A("D") * A("D")).DividedBy(A("D")) == A("D"));
  CHECK(Poly().DividedBy(A("D")) == Poly());
  CHECK((A("G") + N(1)).DividedBy(A("G")) == std::nullopt);
  CHECK((N(3) * A("G")).DividedBy(N(2)) == std::nullopt);
  CHECK((A("G") * A("G")).DividedBy(A("G") + N(1)) == std::nullopt);
  CHECK(A("G").DividedBy(Poly()) == std::nullopt);
  CHECK(A("G").DividedBy(N(-1)) == Poly() - A("G"));
}

TEST_CASE("linear in one axis") {
  const auto linear = (N(2) * A("I") + N(3)).AsLinear();
  REQUIRE(linear.has_value());
  CHECK(linear->axis == "I");
  CHECK(linear->factor == 2);
  CHECK(linear->constant == 3);
  CHECK_FALSE(N(3).AsLinear());
  CHECK_FALSE((A("I") + A("H")).AsLinear());
  CHECK_FALSE((A("I") * A("I")).AsLinear());
  CHECK_FALSE((A("I") * A("I") + A("I")).AsLinear());
}

// Sizes come from files that anybody may have written: what is beyond 63 bits is no number, and
// never a wrong one.
TEST_CASE("arithmetic beyond 63 bits has no value") {
  const Poly sum = N(INT64_MAX) + N(1);
  CHECK(sum.AsConstant() == std::nullopt);
  CHECK(sum.Evaluate(Sizes({})) == std::nullopt);
  CHECK_FALSE(sum.IsZero());
  CHECK_FALSE(sum == N(INT64_MIN));
  CHECK(sum.ToString() == "a number beyond 63 bits");
  const Poly product = (N(int64_t{1} << 40) * A("I")) * N(int64_t{1} << 40);
  CHECK_FALSE(product.AsLinear());
  CHECK(product.DividedBy(N(2)) == std::nullopt);
  CHECK(A("I").DividedBy(product) == std::nullopt);
  CHECK((product - product).AsConstant() == std::nullopt);
  const int64_t huge = int64_t{1} << 62;
  const Poly put_in = (A("G") * A("D") * A("I")).Substitute(Sizes({{"G", huge}, {"D", huge}}));
  CHECK_FALSE(put_in.AsLinear());
  CHECK(N(INT64_MIN).ToString() == "-9223372036854775808");
}

}  // namespace
}  // namespace rr
