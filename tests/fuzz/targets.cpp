#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

void AriEvents(std::string_view bytes);
void AriFlow(std::string_view bytes);
void Authorization(std::string_view bytes);
void EdgeRequest(std::string_view bytes);
void ExotelCallback(std::string_view bytes);
void ExotelFlow(std::string_view bytes);
void Form(std::string_view bytes);
void HttpRequest(std::string_view bytes);
void IvrMenu(std::string_view bytes);
void McubePush(std::string_view bytes);
void MediaPacket(std::string_view bytes);
void MediaSdp(std::string_view bytes);
void MediaWav(std::string_view bytes);
void MuxFrame(std::string_view bytes);
void NumberCsv(std::string_view bytes);
void PhoneNumber(std::string_view bytes);
void ProviderAnswers(std::string_view bytes);
void RequestIdentity(std::string_view bytes);
void RowValue(std::string_view bytes);
void SignedWebhook(std::string_view bytes);
void SipAnchored(std::string_view bytes);
void SipCall(std::string_view bytes);
void SipCaller(std::string_view bytes);
void SipTemplate(std::string_view bytes);
void SipHeaders(std::string_view bytes);
void SipWebhook(std::string_view bytes);
void Transcoder(std::string_view bytes);
void TwilioFlow(std::string_view bytes);
void TwilioWebhook(std::string_view bytes);
void VonageFlow(std::string_view bytes);
void VonageToken(std::string_view bytes);
void VonageWebhook(std::string_view bytes);
void WebhookPayload(std::string_view bytes);
void Websocket(std::string_view bytes);

const std::vector<Target>& Targets() {
  static const std::vector<Target> targets = {
      {"ari_events", AriEvents},
      {"ari_flow", AriFlow},
      {"authorization", Authorization},
      {"edge_request", EdgeRequest},
      {"exotel_callback", ExotelCallback},
      {"exotel_flow", ExotelFlow},
      {"form", Form},
      {"http_request", HttpRequest},
      {"ivr_menu", IvrMenu},
      {"mcube_push", McubePush},
      {"media_packet", MediaPacket},
      {"media_sdp", MediaSdp},
      {"media_wav", MediaWav},
      {"mux_frame", MuxFrame},
      {"number_csv", NumberCsv},
      {"phone_number", PhoneNumber},
      {"provider_answers", ProviderAnswers},
      {"request_identity", RequestIdentity},
      {"row_value", RowValue},
      {"signed_webhook", SignedWebhook},
      {"sip_anchored", SipAnchored},
      {"sip_call", SipCall},
      {"sip_caller", SipCaller},
      {"sip_template", SipTemplate},
      {"sip_headers", SipHeaders},
      {"sip_webhook", SipWebhook},
      {"transcoder", Transcoder},
      {"twilio_flow", TwilioFlow},
      {"twilio_webhook", TwilioWebhook},
      {"vonage_flow", VonageFlow},
      {"vonage_token", VonageToken},
      {"vonage_webhook", VonageWebhook},
      {"webhook_payload", WebhookPayload},
      {"websocket", Websocket},
  };
  return targets;
}

}  // namespace ctc::fuzz
