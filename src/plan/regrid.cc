#include "plan/regrid.h"

#include <algorithm>
#include <cstddef>

#include "base/shape.h"
#include "plan/box.h"

namespace rr {
namespace {

// One side of a box: along which dimension of the shape each dimension of the box goes.
class Side {
 public:
  explicit Side(const Gridding& gridding)
      : gridding_(gridding), strides_(StridesOf(gridding.shape)) {
    std::vector<int64_t> cells;
    for (size_t d = 0; d < gridding.shape.size(); ++d)
      cells.push_back((gridding.shape[d] + gridding.block[d] - 1) / gridding.block[d]);
    if (gridding.transposed) std::swap(cells.back(), cells[cells.size() - 2]);
    cell_strides_ = StridesOf(cells);
    if (gridding.transposed)
      std::swap(cell_strides_.back(), cell_strides_[cell_strides_.size() - 2]);
  }

  // The dimension that a stride of the box goes along. Dimensions of one element are passed over.
  std::optional<size_t> DimOf(int64_t stride) const {
    for (size_t d = 0; d < strides_.size(); ++d) {
      if (gridding_.shape[d] > 1 && strides_[d] <= stride) return d;
    }
    return std::nullopt;
  }
  // Steps along that dimension; 0 where it is no whole number.
  int64_t StepsOf(size_t dim, int64_t stride) const {
    return stride % strides_[dim] == 0 ? stride / strides_[dim] : 0;
  }
  int64_t IndexOf(size_t dim, int64_t start) const {
    return start / strides_[dim] % std::max<int64_t>(gridding_.shape[dim], 1);
  }
  int64_t shape(size_t dim) const { return gridding_.shape[dim]; }
  int64_t block(size_t dim) const { return gridding_.block[dim]; }
  int64_t cell_stride(size_t dim) const { return cell_strides_[dim]; }
  size_t rank() const { return strides_.size(); }

 private:
  const Gridding& gridding_;
  std::vector<int64_t> strides_, cell_strides_;
};

// A dimension of the box on one side.
struct Along {
  size_t dim = 0;
  int64_t steps = 0;
};

// The dimension of the box that goes element by element along `dim`; -1 when there is none.
int RunAlong(const std::vector<Along>& along, size_t dim) {
  for (size_t k = 0; k < along.size(); ++k) {
    if (along[k].steps == 1 && along[k].dim == dim) return static_cast<int>(k);
  }
  return -1;
}

class Regridder {
 public:
  Regridder(const Gridding& source, const Gridding& destination)
      : source_(source), destination_(destination) {}

  std::optional<StridedCopy> Run(StridedCopy copy) {
    std::erase_if(copy.dims, [](const CopyDim& dim) { return dim.n == 1; });
    for (const CopyDim& dim : copy.dims) {
      const auto s = AlongOf(source_, dim.src), d = AlongOf(destination_, dim.dst);
      if (!s || !d) return std::nullopt;
      along_source_.push_back(*s);
      along_destination_.push_back(*d);
    }
    if (!Blocks(copy, source_, copy.src_start, along_source_, destination_, along_destination_) ||
        !Blocks(copy, destination_, copy.dst_start, along_destination_, source_, along_source_))
      return std::nullopt;
    StridedCopy grid;
    grid.src_start = Start(source_, copy.src_start);
    grid.dst_start = Start(destination_, copy.dst_start);
    for (size_t k = 0; k < copy.dims.size(); ++k) {
      const Along& s = along_source_[k];
      const Along& d = along_destination_[k];
      CopyDim dim = copy.dims[k];
      const int64_t block = source_.block(s.dim);
      if (s.steps == 1) dim.n = (dim.n + block - 1) / block;
      dim.src = CellsOf(s.steps, block) * source_.cell_stride(s.dim);
      dim.dst = CellsOf(d.steps, destination_.block(d.dim)) * destination_.cell_stride(d.dim);
      if (dim.n != 1) grid.dims.push_back(dim);
    }
    if (grid.dims.empty()) grid.dims.push_back({1, 1, 1});
    return grid;
  }

 private:
  static std::optional<Along> AlongOf(const Side& side, int64_t stride) {
    if (stride == 0) return Along{side.rank() - 1, 0};  // repeats, or stays
    const std::optional<size_t> dim = side.DimOf(stride);
    if (!dim) return std::nullopt;
    const int64_t steps = side.StepsOf(*dim, stride);
    return steps == 0 ? std::nullopt : std::optional(Along{*dim, steps});
  }
  static int64_t CellsOf(int64_t steps, int64_t block) { return steps == 1 ? 1 : steps / block; }
  static int64_t Start(const Side& side, int64_t start) {
    int64_t at = 0;
    for (size_t d = 0; d < side.rank(); ++d)
      at += side.IndexOf(d, start) / side.block(d) * side.cell_stride(d);
    return at;
  }

  // Whether the box holds whole blocks of one side, and the other side has the same ones.
  static bool Blocks(const StridedCopy& copy, const Side& side, int64_t start,
                     const std::vector<Along>& along, const Side& other,
                     const std::vector<Along>& along_other) {
    for (size_t d = 0; d < side.rank(); ++d) {
      const int64_t block = side.block(d);
      if (block == 1) continue;
      const int64_t first = side.IndexOf(d, start);
      const int run = RunAlong(along, d);
      const int64_t n = run < 0 ? 1 : copy.dims[static_cast<size_t>(run)].n;
      if (first % block != 0) return false;
      if (n % block != 0 && first + n != side.shape(d)) return false;
      if (run >= 0) {
        const Along& there = along_other[static_cast<size_t>(run)];
        if (there.steps != 1 || other.block(there.dim) != block) return false;
      } else if (side.shape(d) > 1) {
        return false;
      }
      for (size_t k = 0; k < along.size(); ++k) {
        if (static_cast<int>(k) == run || along[k].dim != d || along[k].steps == 0) continue;
        // Other dimensions of the box step over whole blocks.
        if (along[k].steps % block != 0 || n % block != 0) return false;
      }
    }
    return true;
  }

  Side source_, destination_;
  std::vector<Along> along_source_, along_destination_;
};

// A tensor that moves as a whole does so along each of its dimensions.
StridedCopy Opened(const StridedCopy& copy, const Gridding& source, const Gridding& destination) {
  if (source.shape != destination.shape || copy.dims.size() != 1 ||
      copy.dims[0] != CopyDim{ElementCount(source.shape), 1, 1})
    return copy;
  StridedCopy opened;
  const std::vector<int64_t> strides = StridesOf(source.shape);
  for (size_t d = 0; d < strides.size(); ++d)
    opened.dims.push_back({source.shape[d], strides[d], strides[d]});
  return opened;
}

// Neighbouring digits of one dimension are one where both sides nest, but never two dimensions of a
// shape.
StridedCopy Joined(StridedCopy copy, const Side& source, const Side& destination) {
  SortDims(&copy);
  std::vector<CopyDim> dims;
  for (const CopyDim& dim : copy.dims) {
    CopyDim* slow = dims.empty() ? nullptr : &dims.back();
    const bool nests = slow != nullptr && dim.src > 0 && dim.dst > 0 &&
                       slow->src == dim.n * dim.src && slow->dst == dim.n * dim.dst &&
                       source.DimOf(slow->src) == source.DimOf(dim.src) &&
                       destination.DimOf(slow->dst) == destination.DimOf(dim.dst);
    if (nests) {
      *slow = {slow->n * dim.n, dim.src, dim.dst};
    } else {
      dims.push_back(dim);
    }
  }
  copy.dims = std::move(dims);
  return copy;
}

}  // namespace

std::optional<StridedCopy> Regrid(const StridedCopy& copy, const Gridding& source,
                                  const Gridding& destination) {
  return Regridder(source, destination)
      .Run(Joined(Opened(copy, source, destination), Side(source), Side(destination)));
}

}  // namespace rr
