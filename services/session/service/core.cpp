// Small parts that several rpcs share.
#include "services/session/service/core.h"

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"

namespace ctc::session {

Task<absl::StatusOr<store::RecordPtr>> GetVisible(Core& core, const rpc::Context& context,
                                                  const std::string& id) {
  absl::StatusOr<store::RecordPtr> record =
      co_await core.reader.Get(context.tenant, id, context.deadline);
  if (record.ok() && context.principal.role == rpc::Role::kAgent &&
      (*record)->session.agent_id() != context.principal.agent_id) {
    co_return base::MakeError(base::kNotFound, "There is no such session");
  }
  co_return record;
}

domain::Fact OwnFact(const Core& core, v1::CallFact::Kind kind, v1::KnownBy source,
                     std::string event_key) {
  domain::Fact fact;
  fact.set_kind(kind);
  fact.set_source(source);
  fact.set_event_key(std::move(event_key));
  *fact.mutable_received_time() = base::ToProto(core.clock.Now());
  return fact;
}

absl::Status NotLive(const store::Record& record, std::string_view detail) {
  base::ErrorDetail extra;
  extra.metadata["status"] = v1::Session::Status_Name(record.state.status);
  return base::MakeError(base::kCallNotLive, detail, std::move(extra));
}

absl::Status AfterOrder(const absl::Status& written, std::string_view detail) {
  const bool undone =
      base::IsError(written, base::kDatabaseBusy) || base::IsError(written, base::kOverloaded);
  return undone ? base::MakeError(base::kUnavailable, detail) : written;
}

rpc::Context ServiceContext(const rpc::Context& caller, absl::Time deadline) {
  rpc::Context context = rpc::Context::ForService(caller.tenant, deadline);
  context.request_id = caller.request_id;
  context.traceparent = caller.traceparent;
  return context;
}

}  // namespace ctc::session
