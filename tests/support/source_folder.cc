#include "tests/support/source_folder.h"

namespace switchyard {

std::filesystem::path source_folder() {
  return SWITCHYARD_SOURCE_DIR;
}

}  // namespace switchyard
