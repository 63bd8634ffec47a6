// One interpreter for each wire: it plays the provider, executing what the adapter renders as the
// provider would, and asks what the adapter told it to ask. Throws std::logic_error for what the
// provider would not understand.
#pragma once

#include "tests/flows/line.h"
#include "tests/flows/service.h"

namespace ctc::flows {

// `twice`: every question is asked again before its answer is obeyed, as after a lost answer.
void PlayTwiml(Service& service, Line& line, bool twice);  // Twilio
void PlayNcco(Service& service, Line& line, bool twice);   // Vonage
void PlayExotel(Service& service, Line& line,
                bool twice);  // the flow of libs/providers/exotel/README.md
void PlayAri(Service& service, Line& line, bool twice);       // Asterisk's flow machine
void PlaySip(Service& service, Line& line, bool twice);       // native SIP's anchored call
void PlaySipTwiml(Service& service, Line& line, bool twice);  // a SIP switch that speaks TwiML
void PlayJambonz(Service& service, Line& line, bool twice);

}  // namespace ctc::flows
