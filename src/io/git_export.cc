#include "io/git_export.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/diagnostic.h"

extern char** environ;

namespace rr {
namespace {

// Runs a program, without a shell; whether it ended well.
bool RunProgram(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (const int error =
          posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ);
      error != 0)
    throw OsError(words[0] + ": " + std::strerror(error));
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw OsError(words[0] + ": " + std::strerror(errno));
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  std::string path = std::filesystem::temp_directory_path(error).string();
  if (error) throw OsError("no folder for temporary files: " + error.message());
  path += "/rule-runner-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) throw OsError(path + ": " + std::strerror(errno));
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool ExportFromGit(const std::string& folder, const std::string& ref, const std::string& into) {
  if (ref.empty() || ref[0] == '-') return false;
  const TemporaryFolder archive;
  const std::string tar = archive.path() + "/rules.tar";
  return RunProgram({"git", "-C", folder, "archive", "--format=tar", "--output=" + tar, ref}) &&
         RunProgram({"tar", "-xf", tar, "-C", into});
}

}  // namespace rr
