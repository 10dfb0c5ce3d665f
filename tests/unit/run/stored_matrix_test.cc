#include "run/stored_matrix.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/rule_text.h"

namespace rr {
namespace {

struct Stored {
  std::shared_ptr<const CheckedRules> rules;
  StoredMatrix matrix;
};

// w over 2 layers, 3 experts, 5 x 11 outputs and 7 inputs, stored as `expr` says.
Stored Make(const std::string& expr, const std::vector<int64_t>& shape) {
  auto rules = GoodRules(
      "axes: {L: l, E: e, G: g, O: o, I: i}\nlayouts: {a: {}}\n"
      "blocks: {b: {tensors: {w: 'L E : G O <- I'}, layouts: {a: {" +
      expr + "}}}}\n");
  const CheckedEntry& entry = rules->layouts[0].entries[0];
  return {rules, StoredMatrix(*rules, entry, shape)};
}

std::string Show(const StoredMatrix& m) {
  return fmt::format("{} x ({} x {}), runs of {} {}", m.batch(), m.out(), m.in(), m.run(),
                     m.runs_over_in() ? "inputs" : "outputs");
}
// "batch row first" of a run.
std::string At(const StoredMatrix& m, int64_t i) {
  const StoredMatrix::Place place = m.PlaceOf(i);
  return fmt::format("{} {} {}", place.batch, place.row, place.first);
}

TEST_CASE("a matrix by itself: runs are rows") {
  const Stored made = Make("'x.{L}.{E}': (G O) I", {55, 7});
  CHECK(Show(made.matrix) == "1 x (55 x 7), runs of 7 inputs");
  CHECK(At(made.matrix, 0) == "0 0 0");
  CHECK(At(made.matrix, 54) == "0 54 0");
}

TEST_CASE("experts before outputs, output dimensions flattened row-major") {
  const Stored made = Make("'x.{L}': E G O I", {3, 5, 11, 7});
  CHECK(Show(made.matrix) == "3 x (55 x 7), runs of 7 inputs");
  CHECK(At(made.matrix, 2 * 55 + 3 * 11 + 4) == "2 37 0");
}

TEST_CASE("outputs last: runs go over outputs, rows are inputs") {
  const Stored made = Make("x: I L E G O", {7, 2, 3, 5, 11});
  CHECK(Show(made.matrix) == "6 x (55 x 7), runs of 55 outputs");
  CHECK(At(made.matrix, 4 * 6 + 1 * 3 + 2) == "5 4 0");
}

TEST_CASE("a batch dimension inside: the runs are parts of a row") {
  const Stored made = Make("x: G I L E O", {5, 7, 2, 3, 11});
  CHECK(Show(made.matrix) == "6 x (55 x 7), runs of 11 outputs");
  // G 3, I 6, L 1, E 2: outputs 33 to 43 of input 6 of matrix 5.
  CHECK(At(made.matrix, ((3 * 7 + 6) * 2 + 1) * 3 + 2) == "5 6 33");
}

TEST_CASE("a batch dimension last: runs of one element") {
  const Stored made = Make("'x.{L}': G O I E", {5, 11, 7, 3});
  CHECK(Show(made.matrix) == "3 x (55 x 7), runs of 1 outputs");
  CHECK(At(made.matrix, ((2 * 11 + 4) * 7 + 6) * 3 + 1) == "1 6 26");
}

TEST_CASE("dimensions of one at the end do not end a run") {
  const Stored made = Make("'x.{L}': E G O I 1", {3, 5, 11, 7, 1});
  CHECK(Show(made.matrix) == "3 x (55 x 7), runs of 7 inputs");
  CHECK(At(made.matrix, 55 + 1) == "1 1 0");
}

TEST_CASE("parts of one stored tensor are rows of one matrix") {
  const auto rules = GoodRules(
      "axes: {E: e, F: f, I: i}\nlayouts: {a: {}}\n"
      "blocks: {b: {tensors: {g: 'E : F <- I', u: 'E : F <- I'}, layouts: {a: {x: 'E (F {g[] | "
      "u[]}) "
      "I'}}}}\n");
  const StoredMatrix matrix(*rules, rules->layouts[0].entries[0], {3, 10, 7});
  CHECK(Show(matrix) == "3 x (10 x 7), runs of 7 inputs");
  CHECK(At(matrix, 2 * 10 + 9) == "2 9 0");
}

}  // namespace
}  // namespace rr
