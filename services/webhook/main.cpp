// The webhook service as a process of its own.
#include "libs/host/process.h"
#include "services/webhook/wiring.h"

int main(int argc, char** argv) {
  return ctc::host::RunProgram(
      {"ctc-webhook", "providers' events in", {{"webhook", ctc::webhook::Make}}}, argc, argv);
}
