// The DispatchService rpcs: routes, and commands to providers. One instance; thread-safe.
#pragma once

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/gate.h"
#include "services/dispatch/service/health_board.h"
#include "services/dispatch/service/recording_shelf.h"
#include "services/dispatch/service/registry.h"

namespace ctc::dispatch {

class DispatchService {
 public:
  DispatchService(const Registry& registry, Directory& directory, HealthBoard& board, Gate& gate,
                  RecordingShelf& shelf, rpc::Channel& session, const base::Clock& clock)
      : registry_(registry),
        directory_(directory),
        board_(board),
        gate_(gate),
        shelf_(shelf),
        session_(session),
        clock_(clock) {}

  Task<absl::StatusOr<v1::ListRoutesResponse>> ListRoutes(rpc::Context context,
                                                          const v1::ListRoutesRequest& request);
  Task<absl::StatusOr<v1::PlaceCallResponse>> PlaceCall(rpc::Context context,
                                                        const v1::PlaceCallRequest& request);
  Task<absl::StatusOr<v1::ControlCallResponse>> ControlCall(rpc::Context context,
                                                            const v1::ControlCallRequest& request);
  Task<absl::StatusOr<v1::LookUpCallResponse>> LookUpCall(rpc::Context context,
                                                          const v1::LookUpCallRequest& request);
  Task<absl::StatusOr<v1::FetchRecordingResponse>> FetchRecording(
      rpc::Context context, const v1::FetchRecordingRequest& request);
  Task<absl::StatusOr<v1::DeleteRecordingResponse>> DeleteRecording(
      rpc::Context context, const v1::DeleteRecordingRequest& request);
  Task<absl::StatusOr<v1::ReadWebhookResponse>> ReadWebhook(rpc::Context context,
                                                            const v1::ReadWebhookRequest& request);
  Task<absl::StatusOr<v1::ReadFlowResponse>> ReadFlow(rpc::Context context,
                                                      const v1::ReadFlowRequest& request);
  Task<absl::StatusOr<v1::RenderFlowResponse>> RenderFlow(rpc::Context context,
                                                          const v1::RenderFlowRequest& request);

 private:
  // An account and the adapter of its type.
  struct Target {
    AccountPtr account;
    providers::Adapter* adapter;
  };
  // What `read` makes of a request with the account whose key fits it, or whose verdict tells most.
  template <class Response, class Read>
  Task<absl::StatusOr<Response>> ReadWith(rpc::Context context, std::string provider,
                                          std::string tenant_id, Read read);
  Task<absl::StatusOr<Target>> FindTarget(const rpc::Context& context,
                                          const std::string& provider_id,
                                          const v1::CallOrder& order);
  Task<absl::StatusOr<Target>> FindAccount(const rpc::Context& context,
                                           const std::string& provider_id);
  Task<absl::StatusOr<v1::LookUpCallResponse>> LookUpAt(const Target& target,
                                                        v1::LookUpCallRequest request);
  Task<absl::StatusOr<providers::Recording>> Fetch(Target target, std::string url);

  const Registry& registry_;
  Directory& directory_;
  HealthBoard& board_;
  Gate& gate_;
  RecordingShelf& shelf_;
  rpc::Channel& session_;
  const base::Clock& clock_;
};

}  // namespace ctc::dispatch
