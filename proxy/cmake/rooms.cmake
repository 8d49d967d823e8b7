# A room is a static library with public headers in include/vestibule/<room> and sources in
# proxy/<room>. Its link line is its row in the table of README.md.

add_library(vestibule_flags INTERFACE)
target_include_directories(vestibule_flags INTERFACE "${PROJECT_SOURCE_DIR}/include")
target_compile_options(vestibule_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Woverloaded-virtual -Werror
  # g++ 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  # Its library's stable_sort uses what the library itself calls deprecated, which clang says.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
target_compile_definitions(vestibule_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_DISABLE_BOOST_ARRAY BOOST_ASIO_DISABLE_BOOST_REGEX)
if(CMAKE_UNITY_BUILD)  # several sources as one, in half the time; of the names in them these say too much then
  target_compile_options(vestibule_flags INTERFACE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(VESTIBULE_SANITIZE MATCHES "thread")
  # Asio's fences are not instrumented; what they order is, by its other means.
  target_compile_options(vestibule_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
endif()
if(VESTIBULE_SANITIZE)
  target_compile_options(vestibule_flags INTERFACE
    -fsanitize=${VESTIBULE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(vestibule_flags INTERFACE -fsanitize=${VESTIBULE_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${CCACHE_PROGRAM}")
endif()

# vestibule_room(<name> LINKS <targets...>): the library vestibule_<name>.
function(vestibule_room name)
  cmake_parse_arguments(ROOM "" "" "LINKS;PRIVATE_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/proxy/${name}/*.cpp")
  if(NOT sources)
    file(WRITE "${CMAKE_BINARY_DIR}/empty.cpp" "")
    set(sources "${CMAKE_BINARY_DIR}/empty.cpp")
  endif()
  add_library(vestibule_${name} STATIC ${sources})
  target_include_directories(vestibule_${name} PRIVATE "${PROJECT_SOURCE_DIR}/proxy")
  target_link_libraries(vestibule_${name} PUBLIC vestibule_flags ${ROOM_LINKS} PRIVATE ${ROOM_PRIVATE_LINKS})
endfunction()
