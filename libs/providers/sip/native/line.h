// A leg as the user agent has it: what it has asked the phone and what the phone has not answered.
#pragma once

#include <sofia-sip/nua.h>

#include <optional>
#include <string>

#include "libs/providers/sip/native/refer_book.h"
#include "libs/providers/sip/native/user_agent.h"

namespace ctc::providers::sip::native {

struct Line {
  LegName name;
  int number = 0;  // of all lines: a handle may be another one's later
  bool rings = false;
  std::string home;  // whose challenges are answered
  bool authenticated = false;
  bool established = false;
  int asks = 0;  // re-INVITEs without a final answer
  // Requests other than INVITE and BYE without one: the stack would never send an INVITE behind
  // them.
  int requests = 0;
  std::optional<std::string> reinvite;  // the description of one that waits for them
  int challenged = 0;                   // by this status, which we do not answer
  ReferBook refers;                     // of ours
  Dialling refer;                       // the newest one
  bool refer_proves = false;            // it was sent again for a challenge
  std::optional<int> bye;               // the Reason of a BYE, which may wait for re-INVITEs
  bool bye_sent = false;
  bool over = false;        // for the machine, which may call a leg of this name anew at once
  std::string refer_event;  // of the referral that it is told of, "refer;id=5"
};

// What a phone is asked in a call, each when it may be.
void SendKey(nua_handle_t* handle, Line& line, const std::string& key);
// To a phone that referred us, not to one that took its place.
void SendProgress(nua_handle_t* handle, Line& line, int status);
// `proves`: for a challenge to the first try.
void SendRefer(nua_handle_t* handle, Line& line, bool proves);
// Under what id the stack has sent it.
void NoteRefer(Line& line, tagi_t* tags);
// The one that waits, unless it has to wait on.
void SendReinvite(nua_handle_t* handle, Line& line);
// Once.
void SendBye(nua_handle_t* handle, Line& line);

// Whether its challenge is to be answered: anybody may ask for credentials, but only the account's
// own hosts are answered.
bool MayProve(const Line& line, const sip_t* sip);
// Answers it once for each dialog; a second one means that the credentials are wrong.
bool Authenticate(nua_handle_t* handle, Line& line, const sip_t* sip, const base::Secret& user,
                  const base::Secret& password);

}  // namespace ctc::providers::sip::native
