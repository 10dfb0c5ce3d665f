#include "base/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rr {

const std::vector<CodeInfo>& AllCodes() {
  static const std::vector<CodeInfo> codes = {
#define RR_CODE(number, symbol, name, severity, summary, advice) \
  {Code::k##symbol, name, Severity::k##severity, summary, advice},
#include "base/codes.def"
#undef RR_CODE
  };
  return codes;
}

const CodeInfo& InfoOf(Code code) {
  const auto& codes = AllCodes();
  return *std::find_if(codes.begin(), codes.end(),
                       [&](const CodeInfo& c) { return c.code == code; });
}

std::string CodeInfo::Id() const { return fmt::format("RR{:03}", static_cast<int>(code)); }

Diagnostic& Diagnostics::Add(Code code, Place place, std::string message) {
  all_.push_back({code, InfoOf(code).severity, std::move(place), std::move(message), {}, {}, {}});
  return all_.back();
}

void Diagnostics::Append(const Diagnostics& other) {
  all_.insert(all_.end(), other.all_.begin(), other.all_.end());
}

void Diagnostics::AppendNew(const Diagnostics& other) {
  const auto hash_of = [](const Diagnostic& d) {
    return std::hash<std::string>()(d.message) ^ d.place.begin;
  };
  for (const Diagnostic& d : other.all_) {
    for (; indexed_ < all_.size(); ++indexed_) index_.emplace(hash_of(all_[indexed_]), indexed_);
    const auto [first, last] = index_.equal_range(hash_of(d));
    const bool known = std::any_of(first, last, [&](const auto& at) {
      const Diagnostic& mine = all_[at.second];
      return mine.code == d.code && mine.place.begin == d.place.begin &&
             mine.place.end == d.place.end && mine.message == d.message &&
             mine.place.FileName() == d.place.FileName();
    });
    if (!known) all_.push_back(d);
  }
}

bool Diagnostics::HasErrors() const { return ErrorCount() > 0; }

size_t Diagnostics::ErrorCount() const {
  return static_cast<size_t>(std::count_if(all_.begin(), all_.end(), [](const Diagnostic& d) {
    return d.severity == Severity::kError;
  }));
}

}  // namespace rr
