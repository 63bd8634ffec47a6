// See mux_client_stream.h.
#include "libs/rpc/mux_client_stream.h"

#include "libs/rpc/mux.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {

void MuxClientStream::Open(grpc::GenericStub& stub, const std::string& secret) {
  if (!secret.empty()) context_->AddMetadata(kSecretMetadata, secret);
  stub.PrepareBidiStreamingCall(&*context_, kMuxPath, grpc::StubOptions(), this);
  AddHold();  // writes start outside the reactions
  StartRead(&in_);
  StartCall();
}

void MuxClientStream::Write(const std::vector<MuxCallPtr>& calls) {
  v1::ExchangeRequest batch;
  auto& frames = *batch.mutable_calls();
  for (const MuxCallPtr& call : calls) frames.UnsafeArenaAddAllocated(&call->frame);
  out_ = ToBuffer(batch);
  for (size_t i = 0; i < calls.size(); ++i) frames.UnsafeArenaReleaseLast();
  StartWrite(&out_);
}

void MuxClientStream::LetGo() {
  if (!held_) return;
  held_ = false;
  RemoveHold();
}

void MuxClientStream::OnReadInitialMetadataDone(bool ok) {
  // A refusal has initial metadata too, but not ours.
  if (ok && context_->GetServerInitialMetadata().count(kMuxMetadata) > 0) client_.OnAccepted(*this);
}

void MuxClientStream::OnReadDone(bool ok) {
  v1::ExchangeResponse batch;
  if (!ok || !FromBuffer(in_, batch)) {
    if (ok) Cancel();  // not our protocol
    client_.OnBroken(*this);
    return;
  }
  in_.Clear();
  client_.OnReplies(*this, std::move(batch));
  StartRead(&in_);
}

void MuxClientStream::OnDone(const grpc::Status& status) {
  client_.OnEnded(*this, StatusFromGrpc(status));
  delete this;
}

}  // namespace ctc::rpc
