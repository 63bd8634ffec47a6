// rpcs of the number lists.
#include <boost/asio/post.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/telephony/phone_number.h"
#include "services/recording/domain/number_csv.h"
#include "services/recording/service/recording_service.h"
#include "services/recording/store/phone_list_store.h"

namespace ctc::recording {
namespace {

constexpr size_t kMaxReason = 255;
constexpr size_t kLinesAtATime = 500;

absl::StatusOr<std::string> Normalised(std::string_view number, std::string_view field) {
  auto parsed = telephony::E164::Parse(number);
  if (!parsed.ok()) return base::InvalidField(field, std::string(parsed.status().message()));
  return parsed->value();
}

absl::Status CheckReason(std::string_view reason) {
  if (reason.size() <= kMaxReason) return absl::OkStatus();
  return base::InvalidField("reason", "must be at most 255 characters");
}

// What no column can hold would be stored as never.
template <class Request>
absl::Status CheckExpiry(const Request& request) {
  if (!request.has_expires_at()) return absl::OkStatus();
  if (!base::IsProtoTime(request.expires_at()))
    return base::InvalidField("expires_at", "is not a time");
  if (request.expires_at().seconds() >= 0) return absl::OkStatus();
  return base::InvalidField("expires_at", "must be from the year 1970 on");
}

absl::StatusOr<v1::PhoneNumber::ListType> ParseType(const std::string& name) {
  v1::PhoneNumber::ListType type = v1::PhoneNumber::LIST_TYPE_UNSPECIFIED;
  if (!v1::PhoneNumber::ListType_Parse(name, &type) ||
      type == v1::PhoneNumber::LIST_TYPE_UNSPECIFIED) {
    return base::InvalidField("list_type", "must be WHITELIST, BLACKLIST, VIP or SPAM");
  }
  return type;
}

absl::Status NoSuchEntry() {
  return base::MakeError(base::kNotFound, "there is no such phone number entry");
}

}  // namespace

void RecordingService::ForgetLists(const base::TenantId& tenant) {
  policies_.Invalidate(tenant);
  numbers_.Invalidate(tenant);
}

Answer<v1::CreatePhoneNumberResponse> RecordingService::CreatePhoneNumber(
    rpc::Context context, const v1::CreatePhoneNumberRequest& request) {
  v1::CreatePhoneNumberResponse response;
  v1::PhoneNumber& number = *response.mutable_phone_number();
  CTC_CO_ASSIGN_OR_RETURN(auto phone, Normalised(request.phone_number(), "phone_number"));
  if (request.list_type() == v1::PhoneNumber::LIST_TYPE_UNSPECIFIED) {
    co_return base::InvalidField("list_type", "is required: WHITELIST, BLACKLIST, VIP or SPAM");
  }
  CTC_CO_RETURN_IF_ERROR(CheckReason(request.reason()));
  CTC_CO_RETURN_IF_ERROR(CheckExpiry(request));
  number.set_id(ids_.Uuid());
  number.set_phone_number(std::move(phone));
  number.set_list_type(request.list_type());
  number.set_reason(request.reason());
  if (request.has_expires_at()) *number.mutable_expires_at() = request.expires_at();
  const absl::Time now = clock_.Now();
  *number.mutable_created_at() = base::ToProto(now);
  absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        const PhoneListStore store(context.tenant);
        CTC_RETURN_IF_ERROR(store.DeleteExpired(c, number, now));
        return store.Insert(c, number);
      });
  ForgetLists(context.tenant);
  if (absl::IsAlreadyExists(status)) {
    co_return base::MakeError(base::kAlreadyExists, "the number is on this list already");
  }
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Answer<v1::ListPhoneNumbersResponse> RecordingService::ListPhoneNumbers(
    rpc::Context context, const v1::ListPhoneNumbersRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kPhoneNumberOrders, context.tenant, request));
  PhoneNumberFilter filter;
  if (request.has_list_type()) {
    CTC_CO_ASSIGN_OR_RETURN(const auto type, ParseType(request.list_type()));
    filter.list_type = v1::PhoneNumber::ListType_Name(type);
  }
  if (request.has_phone_number()) {
    CTC_CO_ASSIGN_OR_RETURN(filter.phone_number,
                            Normalised(request.phone_number(), "phone_number"));
  }
  v1::ListPhoneNumbersResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(auto found, PhoneListStore(context.tenant).List(c, filter, page));
        response.Clear();
        page.Describe(found.total, found.next_cursor, response);
        for (auto& number : found.numbers) *response.add_phone_numbers() = std::move(number);
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Answer<v1::GetPhoneNumberResponse> RecordingService::GetPhoneNumber(
    rpc::Context context, const v1::GetPhoneNumberRequest& request) {
  v1::GetPhoneNumberResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(*response.mutable_phone_number(),
                             PhoneListStore(context.tenant).Get(c, request.id(), false));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Answer<v1::UpdatePhoneNumberResponse> RecordingService::UpdatePhoneNumber(
    rpc::Context context, const v1::UpdatePhoneNumberRequest& request) {
  CTC_CO_RETURN_IF_ERROR(CheckReason(request.reason()));
  CTC_CO_RETURN_IF_ERROR(CheckExpiry(request));
  auto type = v1::PhoneNumber::LIST_TYPE_UNSPECIFIED;
  if (request.has_list_type()) {
    CTC_CO_ASSIGN_OR_RETURN(type, ParseType(request.list_type()));
  }
  v1::UpdatePhoneNumberResponse response;
  v1::PhoneNumber& number = *response.mutable_phone_number();
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        const PhoneListStore store(context.tenant);
        CTC_ASSIGN_OR_RETURN(number, store.Get(c, request.id(), true));
        if (request.has_list_type()) number.set_list_type(type);
        if (request.has_reason()) number.set_reason(request.reason());
        if (request.has_expires_at()) *number.mutable_expires_at() = request.expires_at();
        CTC_RETURN_IF_ERROR(store.DeleteExpired(c, number, clock_.Now()));
        return store.Update(c, number, clock_.Now());
      });
  ForgetLists(context.tenant);
  if (absl::IsAlreadyExists(status)) {
    co_return base::MakeError(base::kAlreadyExists, "the number is on that list already");
  }
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Answer<v1::DeletePhoneNumberResponse> RecordingService::DeletePhoneNumber(
    rpc::Context context, const v1::DeletePhoneNumberRequest& request) {
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(const bool gone,
                             PhoneListStore(context.tenant).Delete(c, request.id()));
        return gone ? absl::OkStatus() : NoSuchEntry();
      });
  ForgetLists(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return v1::DeletePhoneNumberResponse{};
}

Answer<v1::ImportPhoneNumbersResponse> RecordingService::ImportPhoneNumbers(
    rpc::Context context, const v1::ImportPhoneNumbersRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const auto lines, ParseNumberCsv(request.csv()));
  const auto now = base::ToProto(clock_.Now());
  std::vector<v1::PhoneNumber> numbers;
  numbers.reserve(lines.size());
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  for (const ImportLine& line : lines) {
    // To judge 50,000 numbers takes a while, and others are served by the same thread.
    if (numbers.size() % kLinesAtATime == 0) co_await asio::post(executor, asio::use_awaitable);
    CTC_CO_ASSIGN_OR_RETURN(auto phone,
                            Normalised(line.phone_number, absl::StrCat("csv line ", line.number)));
    v1::PhoneNumber& number = numbers.emplace_back();
    number.set_id(ids_.Uuid());
    number.set_phone_number(std::move(phone));
    number.set_list_type(line.type);
    number.set_reason(line.reason);
    *number.mutable_created_at() = now;
  }
  v1::ImportPhoneNumbersResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(const int64_t put, PhoneListStore(context.tenant).Put(c, numbers));
        response.set_imported(static_cast<int>(put));
        return absl::OkStatus();
      });
  ForgetLists(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  response.set_success(true);
  response.set_unchanged(static_cast<int>(numbers.size()) - response.imported());
  co_return response;
}

}  // namespace ctc::recording
