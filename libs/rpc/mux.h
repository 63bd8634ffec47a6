// Limits and names that both ends of the multiplexing stream share. Inside libs/rpc only.
#pragma once

#include <cstddef>

namespace ctc::rpc {

// Present in the initial metadata of a stream that was accepted.
inline constexpr char kMuxMetadata[] = "x-ctc-mux";
// A batch is sent when it is this large; a single larger frame goes alone.
inline constexpr size_t kBatchBytes = 512 << 10;
// What a frame adds to its payload, about; keeps batches of empty messages finite.
inline constexpr size_t kFrameOverhead = 256;
inline constexpr size_t kMaxCallsInFlight = 32768;

}  // namespace ctc::rpc
