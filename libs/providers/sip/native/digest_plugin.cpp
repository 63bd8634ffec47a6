#include "libs/providers/sip/native/digest_plugin.h"

#define SOFIA_EXTEND_AUTH_CLIENT 1  // as the library itself was built
#include <sofia-sip/auth_client.h>
#include <sofia-sip/auth_client_plugin.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/url.h>

#include <array>
#include <memory>

#include "libs/base/ids.h"
#include "libs/crypto/crypto.h"
#include "libs/providers/sip/native/digest.h"
#include "libs/providers/sip/native/sip_message.h"

namespace ctc::providers::sip::native {
namespace {

struct State {
  DigestTerms terms;
  std::string cnonce;
  uint32_t count = 0;
};

// Allocated zeroed by the library; its memory home ends the state.
struct Client {
  auth_client_t base;
  State* state;
};

Client* Mine(auth_client_t* client) { return reinterpret_cast<Client*>(client); }

void DestroyState(void* home) {
  auto* client = static_cast<Client*>(home);
  delete std::exchange(client->state, nullptr);
}

// 2: the request is to be sent again; 1: nothing new.
int OnChallenge(auth_client_t* client, const msg_auth_t* challenge) {
  absl::StatusOr<DigestTerms> terms = ReadChallenge(ParamsOf(*challenge));
  if (!terms.ok()) return 1;  // another challenge may be one of ours
  State*& state = Mine(client)->state;
  if (state == nullptr) {
    if (su_home_destructor(client->ca_home, DestroyState) < 0) return -1;
    state = new State();
  } else if (terms->hash < state->terms.hash) {
    return 1;
  }
  const bool again = terms->stale || state->terms.nonce.empty() || terms->hash > state->terms.hash;
  if (terms->nonce != state->terms.nonce) {
    std::array<unsigned char, 16> random;
    base::SystemRandom().Fill(random);
    state->cnonce = crypto::ToHex({reinterpret_cast<const char*>(random.data()), random.size()});
    state->count = 0;
  }
  state->terms = *std::move(terms);
  return again ? 2 : 1;
}

int OnAuthorize(auth_client_t* client, su_home_t* home, const char* method, const url_t* url,
                const msg_payload_t* body, msg_header_t** header) {
  State* state = Mine(client)->state;
  if (state == nullptr) return 0;
  const absl::StatusOr<std::string> user = crypto::FromHex(client->ca_user);
  const absl::StatusOr<std::string> password = crypto::FromHex(client->ca_pass);
  if (!user.ok() || !password.ok()) return -1;
  const base::Secret name(*user);
  const base::Secret word(*password);
  DigestSubject subject{name, word, method, "", ""};
  char* uri = url_as_string(home, url);
  if (uri != nullptr) subject.uri = uri;
  su_free(home, uri);
  if (body != nullptr && body->pl_data != nullptr) {
    subject.body.assign(body->pl_data, body->pl_len);
  }
  const std::string answer = AnswerChallenge(state->terms, subject, state->cnonce, ++state->count);
  *header = msg_header_make(home, client->ca_credential_class, answer.c_str());
  return *header == nullptr ? -1 : 0;
}

// Sofia-SIP takes the place of a scheme it knows for a name that is written otherwise; it looks
// schemes up without regard to case.
auth_client_plugin_t MakePlugin() {
  auth_client_plugin_t plugin{};
  plugin.auc_plugin_size = sizeof(plugin);
  plugin.auc_size = sizeof(Client);
  plugin.auc_name = "digest";
  plugin.auc_challenge = OnChallenge;
  plugin.auc_authorize = OnAuthorize;
  return plugin;
}

}  // namespace

bool RegisterDigestPlugin() {
  static const auth_client_plugin_t kPlugin = MakePlugin();
  static const bool kTaken = auc_register_plugin(&kPlugin) == 0;
  return kTaken;
}

std::string CredentialsFor(const std::string& quoted_realm, const base::Secret& user,
                           const base::Secret& password) {
  return "Digest:" + quoted_realm + ":" + crypto::ToHex(user.Reveal()) + ":" +
         crypto::ToHex(password.Reveal());
}

}  // namespace ctc::providers::sip::native
