#include "run/run_step.h"

#include <cstring>
#include <span>

#include "run/box_rows.h"
#include "run/kernel_compare.h"
#include "run/kernel_copy.h"
#include "run/kernel_value.h"

namespace rr {
namespace {

// Calls `visit(unit, buffer_unit, units)` for the runs of a region, those that touch joined into
// one.
template <class Visit>
void ForEachRun(const Region& region, Visit&& visit) {
  std::vector<CopyDim> dims;
  for (const RunDim& dim : region.outer) {
    if (dim.n == 0) return;
    dims.push_back({dim.n, dim.stride, 0});
  }
  int64_t start = 0, length = 0, packed = 0;
  ForEachIndex(dims, region.start, 0, [&](int64_t at, int64_t) {
    if (length > 0 && at == start + length) {
      length += region.run;
      return;
    }
    if (length > 0) visit(start, packed, length);
    packed += length;
    start = at;
    length = region.run;
  });
  if (length > 0) visit(start, packed, length);
}

void ReadRegion(const TensorReader& reader, uint32_t index, uint32_t unit, const Region& region,
                std::byte* buffer) {
  ForEachRun(region, [&](int64_t at, int64_t packed, int64_t units) {
    reader.Read(index, static_cast<uint64_t>(at) * unit,
                std::span(buffer + packed * unit, static_cast<size_t>(units) * unit));
  });
}

// Whether the read's bytes are the destination's bytes in the same order: no kernel is needed then.
bool IsPlainMove(const StepRead& read) {
  if (read.value_op >= 0 || read.kind != EdgeKind::kCopy || read.copies.size() != 1) return false;
  const StridedCopy& copy = read.copies[0];
  if (copy.src_start != 0 || copy.Count() != read.region.Count()) return false;
  if (copy.dims.empty()) return true;
  return copy.dims.size() == 1 && copy.dims[0].src == 1 && copy.dims[0].dst == 1;
}

// The unit of a tensor that lies at `packed` of the buffer of `region`.
int64_t UnpackedUnit(const Region& region, int64_t packed) {
  int64_t unit = region.start + packed % region.run;
  int64_t run = packed / region.run;
  for (size_t d = region.outer.size(); d-- > 0;) {
    unit += run % region.outer[d].n * region.outer[d].stride;
    run /= region.outer[d].n;
  }
  return unit;
}

// The copy of the step that wrote `packed` of the destination buffer. Only called for messages, so
// it may be slow.
ElementValue WriterOf(const Plan& plan, const Step& step, int64_t packed, uint64_t bits) {
  ElementValue value{"", 0, bits};
  for (const StepRead& read : step.reads) {
    if (read.kind != EdgeKind::kCopy) continue;
    for (const StridedCopy& copy : read.copies) {
      ForEachIndex(copy.dims, copy.src_start, copy.dst_start, [&](int64_t src, int64_t dst) {
        if (dst == packed) {
          value.key = plan.sources[read.source].key;
          value.element = UnpackedUnit(read.region, src);
        }
      });
    }
  }
  return value;
}

}  // namespace

std::optional<Mismatch> RunStep(const Plan& plan, const Step& step, const TensorReader& reader,
                                TensorWriter& writer, std::byte* read_buffer,
                                std::byte* write_buffer) {
  const uint32_t unit = plan.destinations[step.destination].unit;
  if (step.zero_fill) std::memset(write_buffer, 0, static_cast<size_t>(step.region.Count()) * unit);
  for (const StepRead& read : step.reads) {
    const PlanTensor& source = plan.sources[read.source];
    if (IsPlainMove(read)) {
      ReadRegion(reader, read.source, source.unit, read.region,
                 write_buffer + read.copies[0].dst_start * unit);
      continue;
    }
    ReadRegion(reader, read.source, source.unit, read.region, read_buffer);
    const ValueOp* op =
        read.value_op < 0 ? nullptr : &plan.value_ops[static_cast<size_t>(read.value_op)];
    for (const StridedCopy& copy : read.copies) {
      if (read.kind == EdgeKind::kCompare) {
        const auto difference = CompareBox(copy, op, source.unit, read_buffer, unit, write_buffer);
        if (!difference) continue;
        return Mismatch{
            WriterOf(plan, step, difference->dst, difference->dst_bits),
            {source.key, UnpackedUnit(read.region, difference->src), difference->src_bits},
            step.destination,
            UnpackedUnit(step.region, difference->dst)};
      }
      if (op != nullptr) {
        ConvertBox(*op, copy, read_buffer, write_buffer);
      } else {
        CopyBox(copy, unit, read_buffer, write_buffer);
      }
    }
  }
  ForEachRun(step.region, [&](int64_t at, int64_t packed, int64_t units) {
    writer.Write(step.destination, static_cast<uint64_t>(at) * unit,
                 std::span<const std::byte>(write_buffer + packed * unit,
                                            static_cast<size_t>(units) * unit));
  });
  return std::nullopt;
}

}  // namespace rr
