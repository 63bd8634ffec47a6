// Validation of InitiateCall. Lengths are those of the columns: what would not fit is refused here,
// by name, and not by the database.
#include "services/session/service/click.h"

#include <algorithm>
#include <vector>

#include "libs/base/error_catalogue.h"
#include "libs/telephony/phone_number.h"
#include "libs/transcoding/json_writer.h"

namespace ctc::session {
namespace {

constexpr size_t kMetadataBytes = 16 * 1024;

// Collects what is wrong with each field.
class Faults {
 public:
  void Add(std::string_view field, std::string_view detail) {
    fields_.push_back({std::string(field), std::string(detail)});
  }
  void AddIfError(std::string_view field, const absl::Status& status) {
    if (!status.ok()) Add(field, std::string(status.message()));
  }
  void Text(std::string_view field, std::string_view text, size_t most) {
    const absl::Status status = CheckText(field, text, most);
    if (!status.ok()) Add(field, base::DetailOf(status).fields.front().detail);
  }
  absl::Status Result() const {
    if (fields_.empty()) return absl::OkStatus();
    base::ErrorDetail extra;
    extra.fields = fields_;
    return base::MakeError(base::kValidationFailed, "The call cannot be placed as asked",
                           std::move(extra));
  }

 private:
  std::vector<base::FieldError> fields_;
};

std::string Number(std::string_view field, const std::string& text, Faults& faults) {
  if (text.size() > 64) {
    faults.Add(field, "is not a phone number in E.164, as +14155550100");
    return "";
  }
  const absl::StatusOr<telephony::E164> number = telephony::E164::Parse(text);
  if (!number.ok()) {
    faults.Add(field, "is not a phone number in E.164, as +14155550100");
    return "";
  }
  return number->value();
}

// http or https, a host, no user, no spaces.
bool IsCallbackUrl(std::string_view url) {
  const size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0) return false;
  const std::string_view rest = url.substr(scheme);
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (host.empty() || host.find('@') != std::string_view::npos || host.front() == ':') return false;
  return std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

void DropEmpty(v1::InitiateCallRequest& r) {
  if (r.lead_id().empty()) r.clear_lead_id();
  if (r.agent_id().empty()) r.clear_agent_id();
  if (r.contact_name().empty()) r.clear_contact_name();
  if (r.contact_email().empty()) r.clear_contact_email();
  if (r.campaign_id().empty()) r.clear_campaign_id();
  if (r.account_id().empty()) r.clear_account_id();
  if (r.from_phone().empty()) r.clear_from_phone();
  if (r.provider_id().empty()) r.clear_provider_id();
  if (r.agent_phone().empty()) r.clear_agent_phone();
  if (r.callback_url().empty()) r.clear_callback_url();
}

void CheckMetadata(const v1::InitiateCallRequest& r, Faults& faults) {
  if (!r.has_metadata()) return;
  if (transcoding::ToJson(r.metadata()).size() > kMetadataBytes) {
    faults.Add("metadata", "is larger than 16 kB");
  }
}

void CheckNumbers(v1::InitiateCallRequest& r, Faults& faults) {
  if (r.to_phone().empty()) {
    faults.Add("to_phone", "is required");
  } else {
    r.set_to_phone(Number("to_phone", r.to_phone(), faults));
  }
  if (r.has_from_phone()) r.set_from_phone(Number("from_phone", r.from_phone(), faults));
  if (r.has_agent_phone()) {
    faults.AddIfError("agent_phone", telephony::CheckEndpoint(r.agent_phone()));
  }
  if (r.phone_type().empty()) r.set_phone_type("EXTERNAL");
  if (r.phone_type() != "EXTERNAL" && r.phone_type() != "INTERNAL") {
    faults.Add("phone_type", "must be EXTERNAL or INTERNAL");
  }
}

}  // namespace

absl::Status CheckText(std::string_view field, std::string_view text, size_t most) {
  size_t characters = 0;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      return base::InvalidField(field, "contains a control character");
    }
    if ((byte & 0xC0) != 0x80) ++characters;
  }
  if (characters <= most) return absl::OkStatus();
  return base::InvalidField(field, "is longer than " + std::to_string(most) + " characters");
}

absl::StatusOr<v1::InitiateCallRequest> CheckClick(const rpc::Context& context,
                                                   v1::InitiateCallRequest r) {
  Faults faults;
  DropEmpty(r);
  CheckNumbers(r, faults);
  faults.Text("lead_id", r.lead_id(), 128);
  faults.Text("agent_id", r.agent_id(), 128);
  faults.Text("campaign_id", r.campaign_id(), 128);
  faults.Text("account_id", r.account_id(), 128);
  faults.Text("contact_name", r.contact_name(), 255);
  faults.Text("contact_email", r.contact_email(), 320);
  faults.Text("provider_id", r.provider_id(), 36);
  CheckMetadata(r, faults);
  if (r.priority() < 0 || r.priority() > 9) faults.Add("priority", "must be 0 to 9");
  if (r.has_callback_url() &&
      (r.callback_url().size() > 1024 || !IsCallbackUrl(r.callback_url()))) {
    faults.Add("callback_url", "must be an http or https URL of at most 1024 characters");
  }
  CTC_RETURN_IF_ERROR(faults.Result());
  if (context.principal.role == rpc::Role::kAgent) {
    if (r.has_agent_id() && r.agent_id() != context.principal.agent_id) {
      return base::MakeError(base::kScopeMissing, "An agent may place calls for itself only");
    }
    r.set_agent_id(context.principal.agent_id);
  }
  return r;
}

}  // namespace ctc::session
