// The typed name of an rpc; made by protoc_gen for each rpc of the contract.
#pragma once

#include <string_view>

namespace ctc::rpc {

// `path` is gRPC's, as "/ctc.session.v1.SessionService/GetSession". Request and response types make
// a wrong handler or a wrong call a compile error.
template <class Request, class Response>
struct Method {
  std::string_view path;
};

}  // namespace ctc::rpc
