// What a request for figures asks for, checked.
#include "services/stats/service/query.h"

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"

namespace ctc::stats {
namespace {

// So much a series may span; more points than this help nobody.
constexpr absl::Duration kMaxHourly = absl::Hours(24 * 93);
constexpr absl::Duration kMaxDaily = absl::Hours(24 * 3660);
constexpr size_t kMaxIdLength = 128;

absl::StatusOr<absl::Time> ReadTime(std::string_view field,
                                    const google::protobuf::Timestamp& stamp) {
  if (!base::IsProtoTime(stamp)) return base::InvalidField(field, "is not a time");
  return base::FromProto(stamp);
}

bool IsAgent(const rpc::Context& context) { return context.principal.role == rpc::Role::kAgent; }

absl::Status SetSubject(std::string_view field, Dimension dimension, const std::string& id,
                        Subject& subject) {
  if (subject.dimension != Dimension::kTenant) {
    return base::InvalidField(field,
                              "only one of agent_id, provider_id and campaign_id can be given");
  }
  if (id.empty() || id.size() > kMaxIdLength) {
    return base::InvalidField(field, "must have 1 to 128 bytes");
  }
  subject.dimension = dimension;
  subject.id = id;
  return absl::OkStatus();
}

absl::Status ReadGroupBy(const std::string& text, StatsQuery& query) {
  if (text == "agent") {
    query.group_by = Dimension::kAgent;
  } else if (text == "provider") {
    query.group_by = Dimension::kProvider;
  } else if (text == "campaign") {
    query.group_by = Dimension::kCampaign;
  } else {
    return base::InvalidField("group_by", "must be agent, provider or campaign");
  }
  if (query.subject.dimension != Dimension::kTenant) {
    return base::InvalidField("group_by",
                              "cannot be combined with agent_id, provider_id or campaign_id");
  }
  return absl::OkStatus();
}

// Narrows the query of an agent's token to the agent.
absl::Status NarrowToAgent(const std::string& agent, StatsQuery& query) {
  constexpr std::string_view kOwn = "an agent's token sees the agent's own figures only";
  if (query.group_by) return base::InvalidField("group_by", kOwn);
  Subject& subject = query.subject;
  if (subject.dimension == Dimension::kProvider) return base::InvalidField("provider_id", kOwn);
  if (subject.dimension == Dimension::kCampaign) return base::InvalidField("campaign_id", kOwn);
  const bool other = subject.dimension == Dimension::kAgent && subject.id != agent;
  subject.dimension = Dimension::kAgent;
  subject.id = other ? "" : agent;
  return absl::OkStatus();
}

}  // namespace

bool StatsQuery::IsDefault() const {
  return subject.dimension == Dimension::kTenant && from == absl::InfinitePast() &&
         to == absl::InfiniteFuture();
}

absl::StatusOr<StatsQuery> ReadQuery(const rpc::Context& context,
                                     const v1::GetCallStatsRequest& request) {
  StatsQuery query;
  Subject& subject = query.subject;
  subject.tenant = context.tenant;
  if (request.has_agent_id()) {
    CTC_RETURN_IF_ERROR(SetSubject("agent_id", Dimension::kAgent, request.agent_id(), subject));
  }
  if (request.has_provider_id()) {
    CTC_RETURN_IF_ERROR(
        SetSubject("provider_id", Dimension::kProvider, request.provider_id(), subject));
  }
  if (request.has_campaign_id()) {
    CTC_RETURN_IF_ERROR(
        SetSubject("campaign_id", Dimension::kCampaign, request.campaign_id(), subject));
  }
  if (request.has_from()) {
    CTC_ASSIGN_OR_RETURN(query.from, ReadTime("from", request.from()));
  }
  if (request.has_to()) {
    CTC_ASSIGN_OR_RETURN(query.to, ReadTime("to", request.to()));
  }
  if (query.from >= query.to) return base::InvalidField("to", "must be after from");
  if (request.has_group_by()) CTC_RETURN_IF_ERROR(ReadGroupBy(request.group_by(), query));
  if (IsAgent(context)) {
    CTC_RETURN_IF_ERROR(NarrowToAgent(context.principal.agent_id, query));
  }
  return query;
}

absl::StatusOr<SeriesQuery> ReadQuery(const rpc::Context& context,
                                      const v1::GetTimeSeriesRequest& request, absl::Time now) {
  if (!request.has_from()) return base::InvalidField("from", "is required");
  CTC_ASSIGN_OR_RETURN(const absl::Time from, ReadTime("from", request.from()));
  absl::Time to = now;
  if (request.has_to()) {
    CTC_ASSIGN_OR_RETURN(to, ReadTime("to", request.to()));
  }
  if (from >= to) return base::InvalidField("to", "must be after from");
  const std::string interval = request.has_interval() ? request.interval() : "hour";
  if (interval != "hour" && interval != "day") {
    return base::InvalidField("interval", "must be hour or day");
  }
  const bool hourly = interval == "hour";
  if (to - from > (hourly ? kMaxHourly : kMaxDaily)) {
    return base::InvalidField(
        "from", hourly ? "at most 93 days by hour; use interval=day" : "at most 3660 days by day");
  }
  SeriesQuery query;
  query.subject.tenant = context.tenant;
  if (IsAgent(context)) {
    query.subject.dimension = Dimension::kAgent;
    query.subject.id = context.principal.agent_id;
  }
  query.segment.period = hourly ? Period::kHour : Period::kDay;
  query.segment.from = hourly ? HourOf(from) : DayOf(from);
  query.segment.to = to;  // the interval that `to` is in has begun before it
  return query;
}

}  // namespace ctc::stats
