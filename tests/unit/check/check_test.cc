// The static proof on small rule texts: exact findings, and what must be accepted.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "check/proofs.h"
#include "unit/rule_text.h"

namespace rr {
namespace {

// One block of tensor w over L E H with the tables given, in layouts given.
std::string Checked(const std::string& layouts, const std::string& tables,
                    const std::string& tensors = "w: L E H") {
  return FindingsOf(
      "axes: {L: l, E: e, H: h, I: i, N: n, M: m, B: b, J: j, Rest: rest, T: t, Lt: lt, P: [gate, "
      "up]}\n"
      "layouts: {" +
      layouts + "}\nblocks: {b: {tensors: {" + tensors + "}, layouts: {" + tables + "}}}\n");
}

TEST_CASE("conditions that exclude each other") {
  Diagnostics diagnostics;
  const auto file = ParseText(
      WithHeader("kinds: {k: {moe: a, dense: b, odd: else}, o: {full: c, window: else}}\n"),
      &diagnostics);
  REQUIRE(file.has_value());
  const auto exclude = [&](const char* a, const char* b) {
    Diagnostics found;
    std::optional<Formula> fa, fb;
    if (*a != 0) fa = Formula::Parse(SpannedText::FromString(a), &found);
    if (*b != 0) fb = Formula::Parse(SpannedText::FromString(b), &found);
    REQUIRE(Findings(found) == "");
    CHECK(Exclude(*file, fa, fb) == Exclude(*file, fb, fa));
    return Exclude(*file, fa, fb);
  };
  CHECK(exclude("moe", "dense"));
  CHECK(exclude("moe", "not moe"));
  CHECK(exclude("moe or dense", "odd"));
  CHECK(exclude("moe and full", "dense and full"));
  CHECK(exclude("moe and full", "moe and window"));
  CHECK(exclude("not (moe or dense)", "moe"));
  CHECK(exclude("x == 1", "not (x == 1)"));
  CHECK(exclude("tied ?? false", "not (tied ?? false)"));
  CHECK_FALSE(exclude("moe", "full"));
  CHECK_FALSE(exclude("moe or dense", "dense or odd"));
  CHECK_FALSE(exclude("moe", ""));
  CHECK_FALSE(exclude("", ""));
  CHECK_FALSE(exclude("x == 1", "x == 2"));  // conditions on values are not compared
  CHECK_FALSE(exclude("moe", "not dense"));
}

TEST_CASE("cover: each element exactly once") {
  CHECK(Checked("a: {}, b: {like: a}", "a: {'x.{L}': E H}") == "");
  CHECK(Checked("a: {}, b: {}", "a: {'x.{L}': E H}") ==
        "RR206 `b` layout `b` does not store `b.w`");
  CHECK(Checked("a: {}, b: {partial: no experts}", "a: {'x.{L}': E H}") == "");
  CHECK(Checked("a: {}", "a: {partial: why}") == "");
  CHECK(Checked("a: {}", "a: {x: L E H, y: E L H}") == "RR207 `y` layout `a` stores `b.w` twice");
  CHECK(Checked("a: {}", "a: {x: L E H, y: {is: L E H, tied: yes}}") == "");
  CHECK(Checked("a: {}", "a: {'one of': {p: {x: L E H}, q: {y: E L H}}}") == "");
  CHECK(Checked("a: {}", "a: {default: {w: 0}}") == "");
}

TEST_CASE("cover: refinements with sums") {
  const std::string sum = "a: {refine: {L: '{N | M}'}}";
  CHECK(Checked(sum, "a: {'x.{N}': E H, 'y.{M}': E H}") == "");
  CHECK(Checked(sum, "a: {'x.{N}': E H}") ==
        "RR206 `a` layout `a` does not store `b.w` where L is in its part 2");
  CHECK(Checked(sum, "a: {'x.{N}': E H, 'y.{M}': E H, 'z.{N}': E H}") ==
        "RR207 `z.{N}` layout `a` stores `b.w` twice where L is in its part 1");
  CHECK(Checked(sum, "a: {'x.{N}': E H, 'y.{L}': E H}") ==
        "RR207 `y.{L}` layout `a` stores `b.w` twice where L is in its part 1");
  const std::string gemma = "a: {refine: {L: '{(B {J | 1}) | Rest}'}";
  CHECK(Checked(gemma + ", place: {L: {'l-': B J, 'g-': B, 'r_{Rest}-': ''}}}",
                "a: {'{L}w': 'w[L E H]'}") == "");
  CHECK(Checked(gemma + ", place: {L: {'l-': B J, 'r_{Rest}-': ''}}}", "a: {'{L}w': 'w[L E H]'}") ==
        "RR206 `a` layout `a` does not store `b.w` where L is in its part 2");
  CHECK(Checked("a: {refine: {L: T Lt, E: '{N | M}'}}", "a: {'x.{T}': Lt N H, 'y.{T}': M Lt H}") ==
        "");
}

TEST_CASE("leaves: each axis once, or all factors of it") {
  CHECK(Checked("a: {}", "a: {x: L E}") ==
        "RR203 `L E` `w` is stored over [L E] but its axes are [L E H]");
  CHECK(Checked("a: {}", "a: {'x.{L}': L E H}") ==
        "RR203 `L E H` `w` is stored over [L L E H] but its axes are [L E H]");
  CHECK(Checked("a: {}", "a: {x: L E H I}") ==
        "RR203 `L E H I` `w` is stored over [L E H I] but its axes are [L E H]");
  CHECK(Checked("a: {refine: {L: T Lt}}", "a: {'x.{T}': E H}") ==
        "RR203 `E H` `w` is stored over [T E H] but its axes are [L E H]");
  CHECK(Checked("a: {}", "a: {x: {is: H, replicate: [L, E]}}") == "");
  CHECK(Checked("a: {}", "a: {x: {is: L H, replicate: L}}") ==
        "RR203 `L H` `w` is stored over [L H] but its axes are [L E H]");
  CHECK(Checked("a: {}", "a: {x: X E H}") == "RR202 `X` `X` is no axis of this family");
  CHECK(Checked("a: {}", "a: {x: 'v[L E H]'}") == "RR202 `v` block `b` has no tensor `v`");
  CHECK(Checked("a: {}", "a: {x: L E H}", "w: L E H, v: L E H").starts_with("RR204 `L E H`"));
}

TEST_CASE("shapes stated are checked as polynomials") {
  CHECK(Checked("a: {}", "a: {x: {is: (L E) H, shape: [E*L, H]}}") == "");
  CHECK(Checked("a: {}", "a: {x: {is: (L E) H, shape: [2*L, H]}}") ==
        "RR209 `2*L` dimension 0 is E*L by the expression, not 2*L");
  CHECK(Checked("a: {}", "a: {x: {is: (L E) H, shape: [L, E, H]}}") ==
        "RR209 `x` `shape` has 3 dimensions, the expression 2");
}

TEST_CASE("keys: disjoint and decodable") {
  const auto two = [](const std::string& a, const std::string& b, const std::string& where_a = "",
                      const std::string& where_b = "") {
    return FindingsOf(
        "axes: {L: l, E: e, H: h}\nkinds: {k: {one: L in ones, two: else}}\n"
        "layouts: {a: {prefixes: {m: [model., '']}}}\n"
        "blocks:\n  p: {" +
        where_a + "tensors: {v: L E H}, layouts: {a: {'" + a + "': H}}}\n" + "  q: {" + where_b +
        "tensors: {w: L E H}, layouts: {a: {'" + b + "': H}}}\n");
  };
  CHECK(two("x.{L}.{E}", "y.{L}.{E}") == "");
  CHECK(two("x.{L}.{E}", "x.{L}.{E}") ==
        "RR103 `x.{L}.{E}` in layout `a` two keys can be the same, for instance `x.0.0`");
  CHECK(two("x.{L}.{E}", "x.{L}.{E}", "where: one, ", "where: two, ") == "");
  CHECK(two("x.{L}.{E}", "x.{L}.{E}", "where: one, ", "").starts_with("RR103"));
  CHECK(
      two("{m}x.{L}.{E}", "model.x.{L}.{E}") ==
      "RR103 `model.x.{L}.{E}` in layout `a` two keys can be the same, for instance `model.x.0.0`");
  CHECK(two("{m}x.{L}.{E}", "{m}y.{L}.{E}") == "");
  CHECK(two("x{L}{E}", "y.{L}.{E}") ==
        "RR104 `x{L}{E}` it does not show where a capture ends in a key such as `x110`");
  CHECK(FindingsOf("axes: {H: h}\nlayouts: {a: {ignore: {'.*': all}, pass: ['(']}, b: {like: a}}\n"
                   "blocks: {b: {tensors: {w: H}, layouts: {a: {w: H}}}}\n") ==
        "RR105 `.*` this regex matches every key\nRR105 `(` RE2 refuses this regex: missing ): (");
}

TEST_CASE("words of a capture are the values of an axis") {
  CHECK(Checked("a: {}", "a: {'{P}.x': L}", "w: P L") == "");
  CHECK(Checked("a: {}", "a: {'{P:g|u}.x': L}", "w: P L") == "");
  CHECK(Checked("a: {}", "a: {'{P:g|u|d}.x': L}", "w: P L").starts_with("RR101"));
  CHECK(Checked("a: {}", "a: {'{E:g|u}.x': L}", "w: E L").starts_with("RR101"));
}

// Tensors and keys that `bias: yes` makes.
std::string Biases(const std::string& text) {
  Diagnostics diagnostics;
  const auto rules =
      CheckText("axes: {L: l, E: e, H: h, I: i, G: g, Q: q, D: d}\n" + text, &diagnostics);
  std::string out = Findings(diagnostics);
  for (const CheckedEntry& entry : rules->layouts[0].entries) {
    if (entry.key.ToString().find("bias") == std::string::npos) continue;
    out += entry.key.ToString() + " = " + ToString(entry.expr) + "\n";
  }
  return out;
}

TEST_CASE("biases: the output side of the same expression under the sibling's name") {
  CHECK(Biases("layouts: {a: {}}\nblocks: {b: {tensors: {w: {is: 'L : I <- H', bias: yes}}, "
               "layouts: {a: {'l.{L}.proj.weight': I H}}}}\n") == "l.{L}.proj.bias = w_bias[I]\n");
  CHECK(Biases("layouts: {a: {}}\nblocks: {b: {tensors: {w: {is: 'L E : I <- H', bias: yes}}, "
               "layouts: {a: {'l.{L}.fc1.weight{E}': I H}}}}\n") ==
        "l.{L}.fc1.bias{E} = w_bias[I]\n");
  CHECK(Biases("layouts: {a: {}}\nblocks: {b: {tensors: {w: {is: 'L : I <- H', bias: yes}}, "
               "layouts: {a: {'proj-kernel': 'w[H L I]'}}}}\n") == "proj-bias = w_bias[L I]\n");
  CHECK(Biases("layouts: {a: {}}\nblocks: {b: {tensors: {q: {is: 'L : G Q D <- H', bias: yes}, "
               "k: {is: 'L : G D <- H', bias: yes}, v: {is: 'L : G D <- H', bias: yes}}, "
               "layouts: {a: {'{L}.qkv.weight': '(G {q[Q D] | k[D] | v[D]}) H'}}}}\n") ==
        "{L}.qkv.bias = (G {q_bias[Q D] | k_bias[D] | v_bias[D]})\n");
}

// The output projection's input axes are the query's output axes: each bias loses its own input
// side only.
TEST_CASE("biases of two tensors whose sides cross") {
  CHECK(
      Biases("layouts: {a: {}}\nblocks: {b: {tensors: {q: {is: 'L : G Q D <- H', bias: yes}, "
             "o: {is: 'L : H <- G Q D', bias: yes}}, layouts: {a: {'{L}.q.weight': '(G Q q[D]) H', "
             "'{L}.o.weight': 'H o[(G Q D)]'}}}}\n") ==
      "{L}.q.bias = (G Q q_bias[D])\n{L}.o.bias = H o_bias[]\n");
}

TEST_CASE("biases that a table stores itself, and tensors that can have none") {
  CHECK(Biases("layouts: {a: {}}\nblocks: {b: {tensors: {w: {is: 'I <- H', bias: yes}}, "
               "layouts: {a: {w.weight: 'w[I H]', b.bias: 'w_bias[I]'}}}}\n") ==
        "b.bias = w_bias[I]\n");
  CHECK(Biases("layouts: {a: {}}\nblocks: {b: {tensors: {w: {is: I H, bias: yes}}, "
               "layouts: {a: {w.weight: 'w[I H]'}}}}\n") ==
        "RR211 `w` `w` has no input side, so it has no bias");
  CHECK(Biases("layouts: {a: {}}\nblocks: {b: {tensors: {w: {is: 'I <- H', bias: yes}}, "
               "layouts: {a: {w: 'w[I H]'}}}}\n") ==
        "RR206 `a` layout `a` does not store `b.w_bias`");
}

TEST_CASE("names, kinds and targets") {
  CHECK(FindingsOf("axes: {A: B + 1}\nlayouts: {}\nblocks: {}\n") ==
        "RR302 `B` `B` is no axis of this family");
  CHECK(FindingsOf("kinds: {k: {a: x}}\n") == "RR306 `k` the last case of `k` must be `else`");
  CHECK(FindingsOf("kinds: {k: {a: else, b: x}}\n") ==
        "RR306 `a` `else` must be the last case: what follows can never hold");
  CHECK(FindingsOf("kinds: {k: {a: x, b: else}, o: {a: y, c: else}}\n") ==
        "RR304 `a` kind `a` is declared twice");
  CHECK(FindingsOf("axes: {H: h}\nlayouts: {a: {}}\nblocks: {b: {where: nowhere, tensors: {w: H}, "
                   "layouts: {a: {w: H}}}}\n")
            .starts_with("RR304 `nowhere`"));
  CHECK(FindingsOf("layouts: {a: {}}\ntargets: {s: b}\n") == "RR303 `b` there is no layout `b`");
  CHECK(CodesOf([] {
          Diagnostics diagnostics;
          CheckText("layouts: {a: {}}\ntargets: {s: {\"<5\": a, \">=4\": a}}\n", &diagnostics);
          return diagnostics;
        }()) == "RR305");
  CHECK(FindingsOf("axes: {H: h}\nlayouts: {a: {like: b}, b: {like: a}}\n").starts_with("RR303"));
  CHECK(FindingsOf("axes: {L: l}\nlayouts: {a: {refine: {L: L}}}\n") ==
        "RR212 `L` `L` is refined by itself");
  CHECK(FindingsOf("axes: {L: l, N: n}\nlayouts: {a: {refine: {L: N N}}}\n")
            .starts_with("RR212 `N`"));
  CHECK(FindingsOf("axes: {L: l}\nlayouts: {a: {place: {X: 'x.'}}}\n") ==
        "RR212 `X` `X` is no axis of this family");
}

}  // namespace
}  // namespace rr
