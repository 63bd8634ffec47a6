// The one place where Asio's non-template code is compiled.
#include "libs/base/asio.h"

#include <boost/asio/impl/src.hpp>
