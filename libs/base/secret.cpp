// Wipes a secret when it goes.
#include "libs/base/secret.h"

#include <string.h>  // explicit_bzero

namespace ctc::base {

// The whole capacity: a moved-from or shortened text leaves its bytes behind the end.
Secret::~Secret() { explicit_bzero(value_.data(), value_.capacity()); }

}  // namespace ctc::base
