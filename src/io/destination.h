// Whether a checkpoint may be written under a name.
#ifndef RULE_RUNNER_IO_DESTINATION_H_
#define RULE_RUNNER_IO_DESTINATION_H_

#include <cstdint>
#include <string>

#include "base/diagnostic.h"
#include "io/files.h"

namespace rr {

struct Destination {
  std::string path;    // without trailing slashes
  std::string parent;  // its folder
  std::string name;
  bool one_file = false;  // ends in .safetensors
};

Destination DestinationOf(const std::string& path);

// Something is there, be it a link to nothing.
bool IsTaken(const Files& files, const Destination& destination);

// False after an error (RR507): see OutputCheckpoint::Create.
bool CheckDestination(const Files& files, const Destination& destination,
                      const std::string& source_path, bool force, Diagnostics* diagnostics);

// False after an error (RR508).
bool CheckSpace(const Files& files, const Destination& destination, uint64_t bytes,
                Diagnostics* diagnostics);

}  // namespace rr

#endif  // RULE_RUNNER_IO_DESTINATION_H_
