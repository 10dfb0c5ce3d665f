// A list that is made once and shared by its copies: a copy costs nothing, and nobody changes it.
#ifndef RULE_RUNNER_BASE_SHARED_LIST_H_
#define RULE_RUNNER_BASE_SHARED_LIST_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace rr {

template <class Item>
class SharedList {
 public:
  SharedList() = default;
  SharedList(std::vector<Item> items)
      : items_(std::make_shared<const std::vector<Item>>(std::move(items))) {}

  bool empty() const { return size() == 0; }
  size_t size() const { return items_ == nullptr ? 0 : items_->size(); }
  const Item* begin() const { return items_ == nullptr ? nullptr : items_->data(); }
  const Item* end() const { return begin() + size(); }
  const Item& operator[](size_t i) const { return (*items_)[i]; }
  const Item& back() const { return items_->back(); }
  friend bool operator==(const SharedList& a, const SharedList& b) {
    return a.items_ == b.items_ || std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::shared_ptr<const std::vector<Item>> items_;
};

}  // namespace rr

#endif  // RULE_RUNNER_BASE_SHARED_LIST_H_
