// See frame.h.
#include "libs/rpc/frame.h"

#include <algorithm>

#include "libs/rpc/wire.h"

namespace ctc::rpc {
namespace {

using google::protobuf::MessageLite;

constexpr size_t kLengthBytes = 4;
constexpr size_t kIdAt = 5;
// CallContext.timeout_us is the context's last field, always of the same length, so that it can be
// changed where it stands: its tag, and a varint of nine bytes, which hold any positive int64.
constexpr char kTimeTag = v1::CallContext::kTimeoutUsFieldNumber << 3;
constexpr size_t kTimeBytes = 9;

void AppendNumber(uint64_t value, size_t bytes, std::string& out) {
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t ReadNumber(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  }
  return value;
}

void AppendHead(FrameKind kind, uint64_t call_id, size_t body_bytes, std::string& out) {
  AppendNumber(body_bytes + kFrameHead - kLengthBytes, kLengthBytes, out);
  AppendNumber(static_cast<uint8_t>(kind), 1, out);
  AppendNumber(call_id, 8, out);
}

// The message's size is cached in it already.
void AppendSized(const MessageLite& message, size_t bytes, std::string& out) {
  const size_t at = out.size();
  out.resize(at + bytes);
  message.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(out.data() + at));
}

// A length of four bytes and the part itself.
bool TakePart(std::string_view& body, std::string_view& part) {
  if (body.size() < kLengthBytes) return false;
  const size_t bytes = ReadNumber(body.substr(0, kLengthBytes));
  body.remove_prefix(kLengthBytes);
  if (bytes > body.size()) return false;
  part = body.substr(0, bytes);
  body.remove_prefix(bytes);
  return true;
}

void WriteTime(int64_t micros, char* at) {
  auto value = static_cast<uint64_t>(std::max<int64_t>(1, micros));
  for (size_t i = 0; i < kTimeBytes; ++i, value >>= 7) {
    const uint8_t more = i + 1 < kTimeBytes ? 0x80 : 0;
    at[i] = static_cast<char>((value & 0x7f) | more);
  }
}

}  // namespace

size_t FrameSize(std::string_view bytes) {
  return bytes.size() < kLengthBytes ? 0 : kLengthBytes + ReadNumber(bytes.substr(0, kLengthBytes));
}

FrameResult TakeFrame(std::string_view& bytes, size_t limit, Frame& frame) {
  const size_t size = FrameSize(bytes);
  if (size == 0) return FrameResult::kNeedMore;
  if (size < kFrameHead || size - kFrameHead > limit) return FrameResult::kBad;
  if (bytes.size() < size) return FrameResult::kNeedMore;
  const auto kind = static_cast<uint8_t>(bytes[kLengthBytes]);
  if (kind < static_cast<uint8_t>(FrameKind::kHello) ||
      kind > static_cast<uint8_t>(FrameKind::kPong)) {
    return FrameResult::kBad;
  }
  frame.kind = static_cast<FrameKind>(kind);
  frame.call_id = ReadNumber(bytes.substr(kIdAt, 8));
  frame.body = bytes.substr(kFrameHead, size - kFrameHead);
  bytes.remove_prefix(size);
  return FrameResult::kFrame;
}

void AppendFrame(FrameKind kind, uint64_t call_id, std::string_view body, std::string& out) {
  AppendHead(kind, call_id, body.size(), out);
  out.append(body);
}

void AppendFrame(FrameKind kind, uint64_t call_id, const MessageLite& body, std::string& out) {
  const size_t bytes = body.ByteSizeLong();
  AppendHead(kind, call_id, bytes, out);
  AppendSized(body, bytes, out);
}

std::string MakeCall(std::string_view path, const Context& context, absl::Time now,
                     const MessageLite& request) {
  v1::CallContext frame = ContextToFrame(context, now);
  const int64_t left = frame.timeout_us();
  frame.clear_timeout_us();
  const size_t without_time = frame.ByteSizeLong();
  const size_t context_bytes = without_time + (left > 0 ? 1 + kTimeBytes : 0);
  const size_t request_bytes = request.ByteSizeLong();
  const size_t body = 2 * kLengthBytes + path.size() + context_bytes + request_bytes;
  std::string out;
  out.reserve(kFrameHead + body);
  AppendHead(FrameKind::kCall, 0, body, out);
  AppendNumber(path.size(), kLengthBytes, out);
  out.append(path);
  AppendNumber(context_bytes, kLengthBytes, out);
  AppendSized(frame, without_time, out);
  if (left > 0) {
    out.push_back(kTimeTag);
    out.resize(out.size() + kTimeBytes);
    WriteTime(left, out.data() + out.size() - kTimeBytes);
  }
  AppendSized(request, request_bytes, out);
  return out;
}

void SetCallId(uint64_t call_id, std::string& call) {
  for (size_t i = 0; i < 8; ++i) call[kIdAt + i] = static_cast<char>(call_id >> (8 * i));
}

void SetTimeLeft(absl::Duration left, std::string& call) {
  CallBody parts;
  if (!ReadCall(std::string_view(call).substr(kFrameHead), parts)) return;
  if (parts.context.size() < kTimeBytes) return;
  const auto begin = static_cast<size_t>(parts.context.data() - call.data());
  WriteTime(absl::ToInt64Microseconds(left),
            call.data() + begin + parts.context.size() - kTimeBytes);
}

bool ReadCall(std::string_view body, CallBody& call) {
  if (!TakePart(body, call.path) || !TakePart(body, call.context)) return false;
  call.request = body;
  return true;
}

}  // namespace ctc::rpc
