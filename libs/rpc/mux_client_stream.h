// One connection of a MuxClient: the reactor that gRPC drives. Inside libs/rpc only.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <optional>
#include <vector>

#include "libs/rpc/mux_client.h"

namespace ctc::rpc {

// Belongs to gRPC; deletes itself in OnDone. The members below are under the client's lock.
class MuxClientStream : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit MuxClientStream(MuxClient& client) : client_(client) {}
  void Open(grpc::GenericStub& stub, const std::string& secret);
  void Cancel() { context_->TryCancel(); }
  // Gives up its share of the gRPC channel, whose last owner must not be one of gRPC's own threads.
  void DropContext() { context_.reset(); }

  // Serialises the calls' frames as one batch and writes it.
  void Write(const std::vector<MuxCallPtr>& calls);
  // Lets gRPC end the stream: nothing is started on it any more from outside its reactions.
  void LetGo();

  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override { client_.OnWritten(*this, ok); }
  void OnDone(const grpc::Status& status) override;

  bool up = false;
  bool writing = false;
  bool broken = false;
  bool draining = false;

 private:
  MuxClient& client_;
  std::optional<grpc::ClientContext> context_ = std::optional<grpc::ClientContext>(std::in_place);
  grpc::ByteBuffer in_;
  grpc::ByteBuffer out_;
  bool held_ = true;
};

}  // namespace ctc::rpc
