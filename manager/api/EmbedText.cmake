# cmake -DINPUT=… -DOUTPUT=… -P EmbedText.cmake: writes openapi.json into a C++ source file.
file(READ "${INPUT}" TEXT)
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [[
#include "manager/api/openapi.hpp"

namespace hutch::api {

std::string_view openapi_document() { return R"hutch_json(@TEXT@)hutch_json"; }

}  // namespace hutch::api
]])
