// One connection of a MuxClient: connects, proves itself, and keeps watch over the other side.
// Inside libs/rpc only.
#pragma once

#include "libs/base/status.h"
#include "libs/rpc/frame_stream.h"

namespace ctc::rpc {

class MuxClient;

class MuxClientStream : public FrameStream {
 public:
  MuxClientStream(std::shared_ptr<MuxClient> client, asio::any_io_executor strand);
  void Start(std::string address, std::string secret);

  // Both under the client's lock.
  bool up = false;
  bool draining = false;

 private:
  Task<void> Run(std::string address);
  Task<absl::Status> Connect(std::string address);
  Task<void> Watch();
  std::shared_ptr<MuxClientStream> Self();

  bool OnFrame(const Frame& frame) override;
  bool TakeOutgoing(std::string& out) override;

  const std::shared_ptr<MuxClient> client_;
  asio::steady_timer watch_;
  std::string first_;  // greeting and hello
  absl::Status status_;
  bool ended_ = false;
  bool heard_ = false;
  bool ping_ = false;
};

}  // namespace ctc::rpc
