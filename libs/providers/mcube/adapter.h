// mCube: click-to-call over two generations of its API, calls told by pushes. Nothing can be done
// to a running call.
#pragma once

#include <memory>

#include "libs/providers/adapter.h"

namespace ctc::providers::mcube {

std::unique_ptr<Adapter> MakeAdapter(const Environment& environment);

}  // namespace ctc::providers::mcube
