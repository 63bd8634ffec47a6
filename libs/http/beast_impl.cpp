// The one place where Beast's and Asio's TLS non-template code is compiled.
#include "libs/base/asio.h"

#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
