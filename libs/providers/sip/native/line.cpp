#include "libs/providers/sip/native/line.h"

#include <sofia-sip/nua_tag.h>

#include <utility>

#include "libs/providers/sip/native/digest_plugin.h"
#include "libs/providers/sip/native/phone_words.h"
#include "libs/providers/sip/native/sip_message.h"

namespace ctc::providers::sip::native {

void SendKey(nua_handle_t* handle, Line& line, const std::string& key) {
  ++line.requests;
  TellKey(handle, key);
}

void SendProgress(nua_handle_t* handle, Line& line, int status) {
  if (line.refer_event.empty()) return;
  ++line.requests;
  NotifyReferrer(handle, line.refer_event, status);
}

void SendRefer(nua_handle_t* handle, Line& line, bool proves) {
  ++line.requests;
  line.refer_proves = proves;
  AskToRefer(handle, line.refer.uri, line.refer.from, proves);
}

void NoteRefer(Line& line, tagi_t* tags) {
  const std::string id = IdOfRefer(tags);
  if (!id.empty()) line.refers.Sent(id);
}

void SendReinvite(nua_handle_t* handle, Line& line) {
  if (!line.reinvite || line.requests > 0) return;
  ++line.asks;
  Reinvite(handle, *std::exchange(line.reinvite, std::nullopt));
}

void SendBye(nua_handle_t* handle, Line& line) {
  if (std::exchange(line.bye_sent, true)) return;
  SayBye(handle, *line.bye);
}

bool MayProve(const Line& line, const sip_t* sip) {
  return !line.home.empty() && sip != nullptr && !RealmsOf(sip).empty();
}

bool Authenticate(nua_handle_t* handle, Line& line, const sip_t* sip, const base::Secret& user,
                  const base::Secret& password) {
  if (line.authenticated || user.empty() || !MayProve(line, sip)) return false;
  line.authenticated = true;
  for (const std::string& realm : RealmsOf(sip)) {
    nua_authenticate(handle, NUTAG_AUTH(CredentialsFor(realm, user, password).c_str()), TAG_END());
  }
  return true;
}

}  // namespace ctc::providers::sip::native
