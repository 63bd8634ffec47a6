// All services, for the one-process installation.
#pragma once

#include "libs/host/process.h"

namespace ctc::suite {

host::Program AllServices();

}  // namespace ctc::suite
