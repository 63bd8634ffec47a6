// The recording service as a process of its own.
#include "libs/host/process.h"
#include "services/recording/wiring.h"

int main(int argc, char** argv) {
  return ctc::host::RunProgram(
      {"ctc-recording", "compliance and recordings", {{"recording", ctc::recording::Make}}}, argc,
      argv);
}
