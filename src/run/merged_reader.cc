#include "run/merged_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "run/kernel_product.h"
#include "run/kernel_value.h"
#include "run/merge_targets.h"

namespace rr {
namespace {

constexpr size_t kKept = 8;          // weights whose factors stay loaded
constexpr int64_t kBlock = 1 << 16;  // elements of a product at once: they stay in the cache

template <class T>
std::vector<T> LoadAs(const AdapterFactors& factors, uint32_t tensor) {
  if constexpr (std::is_same_v<T, float>) {
    return factors.LoadFloat(tensor);
  } else {
    return factors.LoadDouble(tensor);
  }
}

// The factors of one touched tensor, ready for products: per adapter and matrix the rows (the side
// that runs do not go over) by rank, and rank by the columns.
template <class T>
struct Loaded {
  struct Factors {
    std::vector<T> rows, columns;
    int64_t rank = 0;
    double scale = 0;
  };
  std::vector<Factors> products;
  std::vector<double> dora;  // per matrix and output: magnitude / length
  std::vector<double> bias;
  std::vector<T> saved;
  std::vector<bool> has_saved;  // the elements that `saved` replaces; empty: all
};

// What a thread needs for a block besides its values; reused, as fresh memory costs more than the
// arithmetic.
template <class T>
struct Scratch {
  std::vector<T> delta;
  std::vector<std::byte> base;  // the base's bytes of the block
  std::vector<std::byte> bytes;
};

template <class T>
std::vector<T> Transposed(const std::vector<T>& values, int64_t batch, int64_t rows,
                          int64_t columns) {
  std::vector<T> out(values.size());
  for (int64_t b = 0; b < batch; ++b) {
    const T* from = values.data() + b * rows * columns;
    T* to = out.data() + b * rows * columns;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
    }
  }
  return out;
}

template <class T>
constexpr Dtype kDtypeOf = std::is_same_v<T, float> ? Dtype::kF32 : Dtype::kF64;

ValueOp Cast(Dtype from, Dtype to) { return {from, to, {}}; }

}  // namespace

struct MergedReader::State {
  const OpenedSource* base = nullptr;
  std::unique_ptr<TensorReader> inner;
  std::vector<WeightedAdapter> adapters;
  TouchedTensors touched;
  std::mutex mutex;
  std::list<std::pair<uint32_t, std::shared_ptr<const Loaded<float>>>> floats;  // latest first
  std::list<std::pair<uint32_t, std::shared_ptr<const Loaded<double>>>> doubles;

  Dtype DtypeOf(uint32_t tensor) const { return *base->table.keys[tensor].dtype; }

  template <class T>
  auto& Kept() {
    if constexpr (std::is_same_v<T, float>) {
      return floats;
    } else {
      return doubles;
    }
  }

  template <class T>
  std::shared_ptr<const Loaded<T>> Get(const Touched& one) {
    {
      const std::lock_guard lock(mutex);
      auto& kept = Kept<T>();
      for (auto at = kept.begin(); at != kept.end(); ++at) {
        if (at->first != one.tensor) continue;
        kept.splice(kept.begin(), kept, at);
        return at->second;
      }
    }
    // Two threads may load the same: the one that comes second is not kept.
    std::shared_ptr<const Loaded<T>> made = Load<T>(one);
    const std::lock_guard lock(mutex);
    auto& kept = Kept<T>();
    kept.emplace_front(one.tensor, made);
    if (kept.size() > kKept) kept.pop_back();
    return made;
  }

  template <class T>
  std::shared_ptr<const Loaded<T>> Load(const Touched& one) {
    auto loaded = std::make_shared<Loaded<T>>();
    for (const Change& change : one.products) {
      const AdapterFactors& factors = *change.adapter->factors;
      const AdapterFactors::Weight& weight = *change.weight;
      const StoredMatrix& matrix = *one.matrix;
      typename Loaded<T>::Factors made;
      made.rank = weight.rank;
      made.scale = weight.scale * change.adapter->weight;
      std::vector<T> a = LoadAs<T>(factors, *weight.a);
      std::vector<T> b = LoadAs<T>(factors, *weight.b);
      if (matrix.runs_over_in()) {
        made.rows = std::move(b);
        made.columns = std::move(a);
      } else {
        made.rows = Transposed(a, matrix.batch(), weight.rank, matrix.in());
        made.columns = Transposed(b, matrix.batch(), matrix.out(), weight.rank);
      }
      loaded->products.push_back(std::move(made));
    }
    for (const Change& change : one.biases) {
      const std::vector<double> bias = change.adapter->factors->LoadDouble(*change.weight->bias);
      loaded->bias.resize(bias.size(), 0);
      for (size_t i = 0; i < bias.size(); ++i)
        loaded->bias[i] += bias[i] * change.weight->scale * change.adapter->weight;
    }
    if (one.saved) {
      const AdapterFactors& factors = *one.saved->adapter->factors;
      loaded->saved = LoadAs<T>(factors, *one.saved->weight->saved);
      loaded->has_saved = factors.PresenceOf(*one.saved->weight->saved);
    }
    if (one.dora != nullptr) Lengths(one, loaded.get());
    return loaded;
  }

  // DoRA's factors: the magnitude over the length of W + scale * B * A, per output. Lengths are
  // summed up in the order of torch's CPU kernel (linalg.norm over the last dimension with vectors
  // of 32 bytes: lanes, then what is left), so that a merge is PEFT's to the last bit where both
  // compute in float32.
  template <class T>
  void Lengths(const Touched& one, Loaded<T>* loaded) {
    constexpr int64_t kLanes = 32 / sizeof(T);
    const StoredMatrix& matrix = *one.matrix;
    const int64_t rows = matrix.batch() * matrix.out();
    const int64_t in_lanes = matrix.in() / kLanes * kLanes;
    std::vector<T> lanes(static_cast<size_t>(rows * kLanes), T{0});
    std::vector<T> rest(static_cast<size_t>(rows * kLanes), T{0});  // values behind the lanes
    const int64_t runs = rows * matrix.in() / matrix.run();
    const int64_t block = std::max<int64_t>(1, kBlock / matrix.run());
    std::vector<T> values;
    Scratch<T> scratch;
    for (int64_t first = 0; first < runs; first += block) {
      const int64_t count = std::min(block, runs - first);
      values.resize(static_cast<size_t>(count * matrix.run()));
      Values(one, *loaded, first * matrix.run(), &values, &scratch);
      for (int64_t r = 0; r < count; ++r) {
        const StoredMatrix::Place place = matrix.PlaceOf(first + r);
        for (int64_t c = 0; c < matrix.run(); ++c) {
          const T x = values[static_cast<size_t>(r * matrix.run() + c)];
          const int64_t out = matrix.runs_over_in() ? place.row : place.first + c;
          const int64_t in = matrix.runs_over_in() ? place.first + c : place.row;
          const int64_t row = (place.batch * matrix.out() + out) * kLanes;
          if (in < in_lanes) {
            T& lane = lanes[static_cast<size_t>(row + in % kLanes)];
            lane = std::fma(x, x, lane);
          } else {
            rest[static_cast<size_t>(row + in - in_lanes)] = x;
          }
        }
      }
    }
    const AdapterFactors& factors = *one.dora->adapter->factors;
    loaded->dora = factors.LoadDouble(*one.dora->weight->magnitude);
    const std::vector<bool> adapted = factors.PresenceOf(*one.dora->weight->magnitude);
    for (int64_t row = 0; row < rows; ++row) {
      const T* lane = lanes.data() + row * kLanes;
      T sum = lane[0];
      for (int64_t i = 1; i < kLanes; ++i) sum += lane[i];
      for (int64_t i = 0; i < matrix.in() - in_lanes; ++i) {
        const T x = rest[static_cast<size_t>(row * kLanes + i)];
        sum = std::fma(x, x, sum);
      }
      double& factor = loaded->dora[static_cast<size_t>(row)];
      if (!adapted.empty() && !adapted[static_cast<size_t>(row)]) {
        factor = 1;
        continue;
      }
      factor = sum > 0 ? static_cast<T>(factor) / std::sqrt(sum) : T{0};
    }
  }

  // W + products of the elements from `first` on, and W alone.
  template <class T>
  void Values(const Touched& one, const Loaded<T>& loaded, int64_t first, std::vector<T>* merged,
              Scratch<T>* scratch, std::vector<T>* before = nullptr) {
    const StoredMatrix& matrix = *one.matrix;
    std::vector<T>& out = *merged;
    const auto count = static_cast<int64_t>(out.size());
    std::vector<T>& delta = scratch->delta;
    delta.assign(out.size(), T{0});
    // Runs of one matrix whose rows follow each other are one product.
    for (int64_t done = 0; done < count;) {
      const int64_t run = (first + done) / matrix.run();
      const int64_t skip = (first + done) % matrix.run();
      const StoredMatrix::Place place = matrix.PlaceOf(run);
      int64_t rows = 1;
      const int64_t width = std::min(matrix.run() - skip, count - done);
      if (skip == 0 && width == matrix.run()) {
        while (done + (rows + 1) * width <= count) {
          const StoredMatrix::Place next = matrix.PlaceOf(run + rows);
          if (next.batch != place.batch || next.row != place.row + rows ||
              next.first != place.first)
            break;
          ++rows;
        }
      }
      const int64_t row_count = matrix.runs_over_in() ? matrix.out() : matrix.in();
      const int64_t column_count = matrix.runs_over_in() ? matrix.in() : matrix.out();
      for (const auto& factors : loaded.products) {
        const T* row = factors.rows.data() + (place.batch * row_count + place.row) * factors.rank;
        const T* column =
            factors.columns.data() + place.batch * factors.rank * column_count + place.first + skip;
        AddProduct(rows, width, factors.rank, factors.scale, row, column, column_count,
                   delta.data() + done);
      }
      done += rows * width;
    }
    TakeBase(one, loaded, first, &out, scratch);
    if (before != nullptr) *before = out;
    // Without a change not even the sign of a zero changes.
    for (size_t i = 0; i < out.size(); ++i) out[i] = delta[i] == 0 ? out[i] : out[i] + delta[i];
    if (before != nullptr || one.saved) return;  // told by what is done with it
    T largest = 0;
    for (const T x : delta) largest = std::max(largest, std::fabs(x));
    Raise(one, static_cast<double>(largest));
  }

  // The base's values from `first` on, as T.
  template <class T>
  void ReadBase(const Touched& one, int64_t first, std::vector<T>* values, Scratch<T>* scratch) {
    const Dtype dtype = DtypeOf(one.tensor);
    const size_t element = static_cast<size_t>(BitsOf(dtype)) / 8;
    std::vector<std::byte>& bytes = scratch->base;
    bytes.resize(values->size() * element);
    inner->Read(one.tensor, static_cast<uint64_t>(first) * element, bytes);
    ConvertRow(Cast(dtype, kDtypeOf<T>), static_cast<int64_t>(values->size()), bytes.data(), 1,
               reinterpret_cast<std::byte*>(values->data()), 1);
  }

  static void Raise(const Touched& one, double largest) {
    double before = one.largest.load();
    while (before < largest && !one.largest.compare_exchange_weak(before, largest)) {
    }
    one.read = true;
  }

  template <class T>
  void Merge(const Touched& one, uint64_t offset, std::span<std::byte> out) {
    const Dtype dtype = DtypeOf(one.tensor);
    const size_t element = static_cast<size_t>(BitsOf(dtype)) / 8;
    const std::shared_ptr<const Loaded<T>> loaded = Get<T>(one);
    // Whole elements that hold the bytes asked for.
    const auto begin = static_cast<int64_t>(offset / element);
    const auto end = static_cast<int64_t>((offset + out.size() + element - 1) / element);
    std::vector<T> values;
    std::vector<T> before;
    Scratch<T> scratch;
    for (int64_t first = begin; first < end; first += kBlock) {
      const int64_t count = std::min(kBlock, end - first);
      values.resize(static_cast<size_t>(count));
      if (one.matrix) {
        const bool dora = !loaded->dora.empty();
        Values<T>(one, *loaded, first, &values, &scratch, dora ? &before : nullptr);
        if (dora) Stretch(one, *loaded, first, before, &values);
      } else if (!loaded->bias.empty()) {
        Bias(one, *loaded, first, values, &scratch);
      } else {
        TakeBase(one, *loaded, first, &values, &scratch);
      }
      if (one.saved) RaiseByChange(one, first, values, &scratch);
      std::vector<std::byte>& bytes = scratch.bytes;
      bytes.resize(static_cast<size_t>(count) * element);
      ConvertRow(Cast(kDtypeOf<T>, dtype), count, reinterpret_cast<const std::byte*>(values.data()),
                 1, bytes.data(), 1);
      if (bytes != scratch.base) one.changed = true;
      const uint64_t at = static_cast<uint64_t>(first) * element;
      const uint64_t from = std::max(at, offset);
      const uint64_t to = std::min(at + bytes.size(), offset + out.size());
      std::memcpy(out.data() + (from - offset), bytes.data() + (from - at), to - from);
    }
  }

  // What is saved as a whole takes the place of the base's values.
  template <class T>
  void TakeBase(const Touched& one, const Loaded<T>& loaded, int64_t first, std::vector<T>* values,
                Scratch<T>* scratch) {
    if (loaded.saved.empty() || !loaded.has_saved.empty()) ReadBase(one, first, values, scratch);
    if (loaded.saved.empty()) return;
    const auto begin = static_cast<size_t>(first);
    for (size_t i = 0; i < values->size(); ++i) {
      if (loaded.has_saved.empty() || loaded.has_saved[begin + i])
        (*values)[i] = loaded.saved[begin + i];
    }
  }

  // How far the values are from those of the base that were replaced.
  template <class T>
  void RaiseByChange(const Touched& one, int64_t first, const std::vector<T>& values,
                     Scratch<T>* scratch) {
    std::vector<T> stored(values.size());
    ReadBase(one, first, &stored, scratch);
    double largest = 0;
    for (size_t i = 0; i < values.size(); ++i)
      largest = std::max(largest, std::fabs(static_cast<double>(values[i] - stored[i])));
    Raise(one, largest);
  }

  // Every output gets its magnitude.
  template <class T>
  void Stretch(const Touched& one, const Loaded<T>& loaded, int64_t first,
               const std::vector<T>& before, std::vector<T>* values) {
    const StoredMatrix& matrix = *one.matrix;
    double largest = 0;
    for (size_t i = 0; i < values->size(); ++i) {
      const int64_t at = first + static_cast<int64_t>(i);
      const StoredMatrix::Place place = matrix.PlaceOf(at / matrix.run());
      const int64_t out = matrix.runs_over_in() ? place.row : place.first + at % matrix.run();
      const double factor = loaded.dora[static_cast<size_t>(place.batch * matrix.out() + out)];
      T& value = (*values)[i];
      value = value * static_cast<T>(factor);
      largest = std::max(largest, std::fabs(static_cast<double>(value - before[i])));
    }
    Raise(one, largest);
  }

  template <class T>
  void Bias(const Touched& one, const Loaded<T>& loaded, int64_t first, std::vector<T>& values,
            Scratch<T>* scratch) {
    TakeBase(one, loaded, first, &values, scratch);
    double largest = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const double change = loaded.bias[static_cast<size_t>(first) + i];
      values[i] = static_cast<T>(static_cast<double>(values[i]) + change);
      largest = std::max(largest, std::fabs(change));
    }
    Raise(one, largest);
  }
};

MergedReader::MergedReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
MergedReader::~MergedReader() = default;

std::unique_ptr<MergedReader> MergedReader::Create(const OpenedSource& base,
                                                   std::unique_ptr<TensorReader> inner,
                                                   std::vector<WeightedAdapter> adapters,
                                                   Diagnostics* diagnostics) {
  auto state = std::make_unique<State>();
  state->base = &base;
  state->inner = std::move(inner);
  state->adapters = std::move(adapters);
  std::optional<TouchedTensors> touched = FindTouched(base, state->adapters, diagnostics);
  if (!touched) return nullptr;
  state->touched = std::move(*touched);
  return std::unique_ptr<MergedReader>(new MergedReader(std::move(state)));
}

void MergedReader::Read(uint32_t index, uint64_t offset, std::span<std::byte> out) const {
  const auto found = state_->touched.find(index);
  if (found == state_->touched.end()) {
    state_->inner->Read(index, offset, out);
  } else if (state_->DtypeOf(index) == Dtype::kF64) {
    state_->Merge<double>(*found->second, offset, out);
  } else {
    state_->Merge<float>(*found->second, offset, out);
  }
}

std::map<std::string, double> MergedReader::LargestChanges() const {
  std::map<std::string, double> changes;
  for (const auto& [tensor, one] : state_->touched) {
    if (one->read) changes[state_->base->table.keys[tensor].name] = one->largest;
  }
  return changes;
}

size_t MergedReader::TouchedCount() const { return state_->touched.size(); }

size_t MergedReader::ChangedCount() const {
  return static_cast<size_t>(
      std::count_if(state_->touched.begin(), state_->touched.end(),
                    [](const auto& one) { return one.second->changed.load(); }));
}

}  // namespace rr
