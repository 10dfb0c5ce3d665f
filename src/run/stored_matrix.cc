#include "run/stored_matrix.h"

namespace rr {

StoredMatrix::StoredMatrix(const CheckedRules& rules, const CheckedEntry& entry,
                           const std::vector<int64_t>& shape) {
  std::vector<Role> roles(shape.size(), Role::kBatch);
  for (const CheckedLeaf& leaf : entry.leaves) {
    const LogicalTensor& tensor = rules.tensors[static_cast<size_t>(leaf.tensor)];
    for (size_t a = tensor.batch; a < leaf.axes.size(); ++a) {
      for (const AxisUse::Atom& atom : leaf.axes[a].atoms) {
        if (!atom.captured)
          roles[static_cast<size_t>(atom.dim)] =
              a < tensor.batch + tensor.out ? Role::kOut : Role::kIn;
      }
    }
  }
  std::vector<Dim> dims;
  for (size_t d = 0; d < shape.size(); ++d) dims.push_back({shape[d], roles[d], 1});
  int64_t* const sizes[] = {&batch_, &out_, &in_};
  for (size_t d = dims.size(); d-- > 0;) {
    int64_t& size = *sizes[static_cast<size_t>(dims[d].role)];
    dims[d].stride = size;
    size *= dims[d].n;
  }
  while (!dims.empty() && dims.back().n == 1) dims.pop_back();
  over_in_ = dims.empty() || dims.back().role == Role::kIn;
  if (!dims.empty() && dims.back().role != Role::kBatch) {
    const Role last = dims.back().role;
    while (!dims.empty() && dims.back().role == last) {
      run_ *= dims.back().n;
      dims.pop_back();
    }
  }
  before_ = std::move(dims);
}

StoredMatrix::Place StoredMatrix::PlaceOf(int64_t i) const {
  Place place;
  int64_t batch = 0, out = 0, in = 0;
  int64_t* const at[] = {&batch, &out, &in};
  for (size_t d = before_.size(); d-- > 0;) {
    *at[static_cast<size_t>(before_[d].role)] += i % before_[d].n * before_[d].stride;
    i /= before_[d].n;
  }
  place.batch = batch;
  place.row = over_in_ ? out : in;
  place.first = over_in_ ? in : out;
  return place;
}

}  // namespace rr
