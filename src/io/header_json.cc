#include "io/header_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <set>
#include <utility>

#include "base/text.h"
#include "io/json_reader.h"
#include "io/safetensors_format.h"
#include "io/stored_name.h"

namespace rr {
namespace {

std::vector<std::string> DtypeNames() {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(Dtype::kU64); ++i)
    names.emplace_back(NameOf(static_cast<Dtype>(i)));
  return names;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : reader_(text) {
    result_.header.tensors.reserve(text.size() / 100);  // about the length of a usual entry
  }

  HeaderJson Parse() {
    result_.is_json_map = reader_.Peek() == JsonReader::Kind::kMap;
    std::string name;
    if (reader_.EnterMap()) {
      while (result_.error.empty() && reader_.NextMember(&name)) {
        if (name == kMetadataName) {
          ReadMetadata();
        } else {
          ReadTensor(name);
        }
      }
    }
    if (result_.error.empty()) reader_.ExpectEnd();
    if (reader_.failed() && result_.error.empty()) {
      result_.error = fmt::format("byte {} of the header: {}", reader_.offset(), reader_.error());
    }
    if (result_.error.empty()) CheckNames();
    return std::move(result_);
  }

 private:
  // An error of `name` at the current byte; a JSON error, when there is one, says more than
  // `message`.
  void Fail(std::string_view name, std::string_view message) {
    if (!result_.error.empty()) return;
    result_.error =
        fmt::format("tensor {}: byte {} of the header: {}", ShowName(name), reader_.offset(),
                    reader_.failed() ? std::string_view(reader_.error()) : message);
  }

  void ReadMetadata() {
    if (std::exchange(has_metadata_, true)) {
      reader_.Fail("`__metadata__` is there twice");
      return;
    }
    if (reader_.Peek() == JsonReader::Kind::kNull) {  // the reference reader takes it as absent
      reader_.ReadNull();
      return;
    }
    if (reader_.Peek() != JsonReader::Kind::kMap) {
      reader_.Fail("`__metadata__` must be a map of texts");
      return;
    }
    reader_.EnterMap();
    std::set<std::string> names;
    std::pair<std::string, std::string> entry;
    while (reader_.NextMember(&entry.first)) {
      if (reader_.Peek() != JsonReader::Kind::kString) {
        reader_.Fail(
            fmt::format("`__metadata__`: the value of {} must be text", ShowName(entry.first)));
      } else if (!names.insert(entry.first).second) {
        reader_.Fail(fmt::format("`__metadata__`: {} is there twice", ShowName(entry.first)));
      } else if (reader_.ReadString(&entry.second)) {
        result_.header.metadata.push_back(entry);
      }
    }
  }

  void ReadTensor(const std::string& name) {
    if (reader_.Peek() != JsonReader::Kind::kMap)
      return Fail(name, "a map with dtype, shape and data_offsets is expected");
    if (HasControlCharacter(name)) return Fail(name, "a name with a control character");
    StoredTensor& tensor = result_.header.tensors.emplace_back();
    tensor.name = name;
    bool has_dtype = false;
    bool has_shape = false;
    bool has_offsets = false;
    std::set<std::string> unknown;
    reader_.EnterMap();
    while (reader_.NextMember(&field_)) {
      bool twice = false;
      if (field_ == "dtype") {
        twice = std::exchange(has_dtype, true);
        if (!twice) ReadDtype(&tensor);
      } else if (field_ == "shape") {
        twice = std::exchange(has_shape, true);
        if (!twice) ReadShape(&tensor);
      } else if (field_ == "data_offsets") {
        twice = std::exchange(has_offsets, true);
        if (!twice) ReadOffsets(&tensor);
      } else {
        twice = !unknown.insert(field_).second;
        if (result_.unknown_fields++ == 0) {
          result_.first_unknown =
              fmt::format("tensor {} has the field {}", ShowName(name), ShowName(field_));
        }
        reader_.SkipValue();
      }
      if (twice) reader_.Fail(fmt::format("the field {} is there twice", ShowName(field_)));
    }
    if (reader_.failed()) return Fail(name, "");
    if (!has_dtype) return Fail(name, "the field `dtype` is missing");
    if (!has_shape) return Fail(name, "the field `shape` is missing");
    if (!has_offsets) return Fail(name, "the field `data_offsets` is missing");
    CheckSize(tensor);
  }

  void ReadDtype(StoredTensor* tensor) {
    if (reader_.Peek() != JsonReader::Kind::kString) {
      reader_.Fail("`dtype` must be text");
      return;
    }
    const size_t begin = reader_.offset();
    if (!reader_.ReadString(&text_)) return;
    const auto dtype = ParseDtype(text_);
    if (dtype) {
      tensor->dtype = *dtype;
      return;
    }
    std::string upper = text_.substr(0, 32);  // all dtypes are written in capitals
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    const std::string nearest = DidYouMean(upper, DtypeNames());
    reader_.FailAt(begin, fmt::format("the dtype {} is unknown{}{}", ShowName(text_),
                                      nearest.empty() ? "" : "; ", nearest));
  }

  void ReadShape(StoredTensor* tensor) {
    if (reader_.Peek() != JsonReader::Kind::kList) {
      reader_.Fail("`shape` must be a list of whole numbers");
      return;
    }
    std::array<int64_t, kMaxRank> dims;  // collected here, so that the tensor allocates once
    size_t rank = 0;
    reader_.EnterList();
    while (reader_.NextItem()) {
      uint64_t dim = 0;
      if (!reader_.ReadUint(&dim, "a size in `shape` (plain digits)")) return;
      if (dim > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        reader_.Fail("a size does not fit 63 bits");
      } else if (rank == kMaxRank) {
        reader_.Fail(fmt::format("more than {} dimensions", kMaxRank));
      } else {
        dims[rank++] = static_cast<int64_t>(dim);
      }
    }
    tensor->shape.assign(dims.data(), dims.data() + rank);
  }

  void ReadOffsets(StoredTensor* tensor) {
    static constexpr const char* kExpected = "`data_offsets` must be a list of two whole numbers";
    if (reader_.Peek() != JsonReader::Kind::kList) {
      reader_.Fail(kExpected);
      return;
    }
    uint64_t offsets[2] = {0, 0};
    size_t count = 0;
    reader_.EnterList();
    while (reader_.NextItem()) {
      uint64_t offset = 0;
      if (!reader_.ReadUint(&offset, "a place in `data_offsets` (plain digits)")) return;
      if (count < 2) offsets[count] = offset;
      ++count;
    }
    if (reader_.failed()) return;
    if (count != 2) {
      reader_.Fail(kExpected);
    } else if (offsets[1] < offsets[0]) {
      reader_.Fail(
          fmt::format("`data_offsets` [{}, {}] end before they begin", offsets[0], offsets[1]));
    } else {
      tensor->begin = offsets[0];
      tensor->size = offsets[1] - offsets[0];
    }
  }

  void CheckSize(const StoredTensor& tensor) {
    const auto shape = [&] { return fmt::format("[{}]", fmt::join(tensor.shape, ", ")); };
    uint64_t bytes = 0;
    switch (TensorBytes(tensor.dtype, tensor.shape, &bytes)) {
      case SizeProblem::kNone:
        break;
      case SizeProblem::kOverflow:
        return Fail(tensor.name,
                    fmt::format("the size of the shape {} does not fit 63 bits", shape()));
      case SizeProblem::kPartOfAByte:
        return Fail(tensor.name, fmt::format("{} elements of {} do not fill whole bytes", shape(),
                                             NameOf(tensor.dtype)));
    }
    if (bytes != tensor.size) {
      Fail(tensor.name, fmt::format("`data_offsets` span {} bytes, but {} {} takes {}", tensor.size,
                                    NameOf(tensor.dtype), shape(), bytes));
    }
  }

  void CheckNames() {
    const auto& tensors = result_.header.tensors;
    const auto twice = FindDuplicateName(
        tensors.size(), [&](size_t i) { return std::string_view(tensors[i].name); });
    if (twice)
      result_.error = fmt::format("tensor {} is there twice", ShowName(tensors[*twice].name));
  }

  JsonReader reader_;
  HeaderJson result_;
  bool has_metadata_ = false;
  std::string field_;  // reused for each field, as text_ is for each dtype
  std::string text_;
};

}  // namespace

HeaderJson ReadHeaderJson(std::string_view text) { return Parser(text).Parse(); }

}  // namespace rr
