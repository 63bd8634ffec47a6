#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <map>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/telephony/phone_number.h"
#include "services/routing/service/ivr_service.h"
#include "services/routing/store/agent_store.h"
#include "services/routing/store/menu_store.h"
#include "services/routing/store/queue_store.h"

namespace ctc::routing {
namespace {

constexpr size_t kMaxMenus = 500;
constexpr char kDefaultLanguage[] = "en-US";
constexpr int kDefaultTimeout = 5;
constexpr int kDefaultRetries = 3;

absl::Status NoSuchMenu() { return base::MakeError(base::kNotFound, "there is no such menu"); }

// Two writers may each see the number free; the table's key lets one of them have it.
absl::Status NumberTaken(const absl::Status& written) {
  if (db::DuplicateKeyOf(written) != "uq_menu_phone") return written;
  return base::MakeError(base::kAlreadyExists, "another menu answers this phone_number");
}

v1::IvrMenu MenuFrom(const v1::CreateIvrMenuRequest& request) {
  v1::IvrMenu menu;
  menu.set_menu_name(request.menu_name());
  if (!request.parent_menu_id().empty()) menu.set_parent_menu_id(request.parent_menu_id());
  if (!request.phone_number().empty()) menu.set_phone_number(request.phone_number());
  menu.set_prompt_text(request.prompt_text());
  if (!request.prompt_audio_url().empty()) menu.set_prompt_audio_url(request.prompt_audio_url());
  menu.set_language(request.has_language() ? request.language() : kDefaultLanguage);
  menu.set_timeout_seconds(request.has_timeout_seconds() ? request.timeout_seconds()
                                                         : kDefaultTimeout);
  menu.set_max_retries(request.has_max_retries() ? request.max_retries() : kDefaultRetries);
  menu.set_is_active(!request.has_is_active() || request.is_active());
  if (request.business_hours().fields_size() > 0) {
    *menu.mutable_business_hours() = request.business_hours();
  }
  *menu.mutable_options() = request.options();
  return menu;
}

// A key keeps its id: calls that are in it go on.
void ReplaceOptions(const v1::UpdateIvrMenuRequest& request, base::IdGenerator& ids,
                    v1::IvrMenu& menu) {
  std::map<std::string, std::string> before;
  for (const v1::IvrMenuOption& option : menu.options()) before[option.dtmf_key()] = option.id();
  *menu.mutable_options() = request.options();
  for (v1::IvrMenuOption& option : *menu.mutable_options()) {
    const auto kept = before.find(option.dtmf_key());
    option.set_id(kept == before.end() ? ids.Uuid() : kept->second);
  }
}

void Merge(const v1::UpdateIvrMenuRequest& request, base::IdGenerator& ids, v1::IvrMenu& menu) {
  if (request.has_menu_name()) menu.set_menu_name(request.menu_name());
  if (request.has_parent_menu_id()) menu.set_parent_menu_id(request.parent_menu_id());
  if (request.has_phone_number()) menu.set_phone_number(request.phone_number());
  if (request.has_prompt_text()) menu.set_prompt_text(request.prompt_text());
  if (request.has_prompt_audio_url()) menu.set_prompt_audio_url(request.prompt_audio_url());
  if (request.has_language()) menu.set_language(request.language());
  if (request.has_timeout_seconds()) menu.set_timeout_seconds(request.timeout_seconds());
  if (request.has_max_retries()) menu.set_max_retries(request.max_retries());
  if (request.has_is_active()) menu.set_is_active(request.is_active());
  if (request.has_business_hours()) *menu.mutable_business_hours() = request.business_hours();
  if (request.options_size() > 0) ReplaceOptions(request, ids, menu);
  if (menu.parent_menu_id().empty()) menu.clear_parent_menu_id();
  if (menu.phone_number().empty()) menu.clear_phone_number();
  if (menu.prompt_audio_url().empty()) menu.clear_prompt_audio_url();
  if (menu.business_hours().fields_size() == 0) menu.clear_business_hours();
}

}  // namespace

absl::StatusOr<Surroundings> IvrService::LockSurroundings(db::Connection& c,
                                                          const base::TenantId& tenant) const {
  Surroundings all;
  // Queues first, as a delete of a queue does, so that two writers never wait for each other.
  CTC_ASSIGN_OR_RETURN(const auto queues, QueueStore(tenant).LockAll(c));
  CTC_ASSIGN_OR_RETURN(all.menus, MenuStore(tenant).LockAll(c));
  CTC_ASSIGN_OR_RETURN(const auto agents, AgentStore(tenant).LoadAll(c));
  for (const v1::Queue& queue : queues) all.queues.insert(queue.id());
  for (const v1::Agent& agent : agents) all.agents.insert(agent.id());
  return all;
}

Task<absl::StatusOr<v1::CreateIvrMenuResponse>> IvrService::CreateIvrMenu(
    rpc::Context context, const v1::CreateIvrMenuRequest& request) {
  v1::CreateIvrMenuResponse response;
  v1::IvrMenu& menu = *response.mutable_menu();
  menu = MenuFrom(request);
  menu.set_id(ids_.Uuid());
  for (v1::IvrMenuOption& option : *menu.mutable_options()) option.set_id(ids_.Uuid());
  *menu.mutable_created_at() = *menu.mutable_updated_at() = base::ToProto(clock_.Now());
  CTC_CO_RETURN_IF_ERROR(CheckMenu(menu));
  const MenuStore store(context.tenant);
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(const Surroundings all, LockSurroundings(c, context.tenant));
        if (all.menus.size() >= kMaxMenus) {
          return base::MakeError(base::kInUse, "a tenant has at most 500 menus");
        }
        CTC_RETURN_IF_ERROR(CheckPlace(menu, all));
        return NumberTaken(store.Insert(c, menu));
      });
  catalogue_.Forget(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Task<absl::StatusOr<v1::ListIvrMenusResponse>> IvrService::ListIvrMenus(
    rpc::Context context, const v1::ListIvrMenusRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kMenuOrders, context.tenant, request));
  std::string phone_number;
  if (!request.phone_number().empty()) {
    const auto number = telephony::E164::Parse(request.phone_number());
    if (!number.ok()) {
      co_return base::InvalidField("phone_number", "must be a number, as +1234567890");
    }
    phone_number = number->value();
  }
  const MenuStore store(context.tenant);
  MenuPage found;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(found, store.List(c, request.parent_menu_id(), phone_number, page));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  v1::ListIvrMenusResponse response;
  page.Describe(found.total, found.next_cursor, response);
  for (v1::IvrMenu& menu : found.menus) *response.add_menus() = std::move(menu);
  co_return response;
}

Task<absl::StatusOr<v1::GetIvrMenuResponse>> IvrService::GetIvrMenu(
    rpc::Context context, const v1::GetIvrMenuRequest& request) {
  const MenuStore store(context.tenant);
  std::optional<v1::IvrMenu> menu;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(menu, store.Get(c, request.id()));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  if (!menu) co_return NoSuchMenu();
  v1::GetIvrMenuResponse response;
  *response.mutable_menu() = *std::move(menu);
  co_return response;
}

Task<absl::StatusOr<v1::UpdateIvrMenuResponse>> IvrService::UpdateIvrMenu(
    rpc::Context context, const v1::UpdateIvrMenuRequest& request) {
  const MenuStore store(context.tenant);
  v1::UpdateIvrMenuResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(const Surroundings all, LockSurroundings(c, context.tenant));
        const v1::IvrMenu* before = nullptr;
        for (const v1::IvrMenu& menu : all.menus) {
          if (menu.id() == request.id()) before = &menu;
        }
        if (before == nullptr) return NoSuchMenu();
        v1::IvrMenu menu = *before;
        Merge(request, ids_, menu);
        CTC_RETURN_IF_ERROR(CheckMenu(menu));
        CTC_RETURN_IF_ERROR(CheckPlace(menu, all));
        *menu.mutable_updated_at() = base::ToProto(clock_.Now());
        CTC_RETURN_IF_ERROR(NumberTaken(store.Update(c, menu)));
        *response.mutable_menu() = std::move(menu);
        return absl::OkStatus();
      });
  catalogue_.Forget(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Task<absl::StatusOr<v1::DeleteIvrMenuResponse>> IvrService::DeleteIvrMenu(
    rpc::Context context, const v1::DeleteIvrMenuRequest& request) {
  const MenuStore store(context.tenant);
  bool found = false;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(const auto menus, store.LockAll(c));
        const std::vector<std::string> users = MenusLeadingTo(request.id(), menus);
        if (!users.empty()) {
          return base::MakeError(base::kInUse,
                                 absl::StrCat("menus lead to it: ", absl::StrJoin(users, ", ")));
        }
        CTC_ASSIGN_OR_RETURN(found, store.Delete(c, request.id()));
        return absl::OkStatus();
      });
  catalogue_.Forget(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  if (!found) co_return NoSuchMenu();
  co_return v1::DeleteIvrMenuResponse();
}

}  // namespace ctc::routing
