// What travels between two of our own processes: frames of a length, a kind, a call's id and a
// body. Pure. Inside libs/rpc only.
//
// A connection begins with the client's kGreeting and kHello, which the server answers with
// kAccepted or kRefused. Integers are little-endian: 4 bytes of length (of what follows them), 1 of
// kind, 8 of the id.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/rpc/context.h"

namespace ctc::rpc {

// Its first byte is none that HTTP/2 begins with: both are served at one address.
inline constexpr std::string_view kGreeting{"\0ctcmux1", 8};
inline constexpr size_t kFrameHead = 13;
// What a body may hold beside the message it carries.
inline constexpr size_t kBodySlack = 2 << 20;
inline constexpr size_t kMaxCallsInFlight = 32768;
// An answer may be larger than a request: what a service says is its own.
inline constexpr size_t kLargestAnswer = 64 << 20;

enum class FrameKind : uint8_t {
  kHello = 1,     // the shared secret
  kAccepted = 2,  // nothing
  kRefused = 3,   // google.rpc.Status; the connection ends
  kCall = 4,      // path, context, request
  kReply = 5,     // the response
  kError = 6,     // google.rpc.Status
  kDraining = 7,  // nothing: what was sent is answered, new calls go to another connection
  kPing = 8,
  kPong = 9,
};

struct Frame {
  FrameKind kind = FrameKind::kPing;
  uint64_t call_id = 0;
  std::string_view body;
};

enum class FrameResult { kFrame, kNeedMore, kBad };
// Takes the first frame off `bytes`; its body is a view into them. `limit` is the body's.
FrameResult TakeFrame(std::string_view& bytes, size_t limit, Frame& frame);
// The size of the frame at the front, head included; 0 while too little of it is there.
size_t FrameSize(std::string_view bytes);

void AppendFrame(FrameKind kind, uint64_t call_id, std::string_view body, std::string& out);
void AppendFrame(FrameKind kind, uint64_t call_id, const google::protobuf::MessageLite& body,
                 std::string& out);

// The whole frame of a call that has no id yet. The deadline becomes time left at `now`.
std::string MakeCall(std::string_view path, const Context& context, absl::Time now,
                     const google::protobuf::MessageLite& request);
void SetCallId(uint64_t call_id, std::string& call);
// The time left anew, of a call with a deadline that leaves later than it was made.
void SetTimeLeft(absl::Duration left, std::string& call);

// The parts of a kCall's body, as views into it. False when it is none.
struct CallBody {
  std::string_view path;
  std::string_view context;  // a CallContext
  std::string_view request;
};
bool ReadCall(std::string_view body, CallBody& call);

}  // namespace ctc::rpc
