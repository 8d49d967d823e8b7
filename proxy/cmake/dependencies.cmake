# Third-party libraries, all as Debian ships them.
set(CMAKE_THREAD_PREFER_PTHREAD ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS headers json url)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_path(HIREDIS_INCLUDE_DIR hiredis/hiredis.h REQUIRED)
find_library(HIREDIS_LIBRARY hiredis REQUIRED)
if(NOT TARGET vestibule_hiredis)
  # The packaged CMake files differ between hiredis 0.14 and 1.x; the library does not.
  add_library(vestibule_hiredis INTERFACE)
  target_include_directories(vestibule_hiredis SYSTEM INTERFACE "${HIREDIS_INCLUDE_DIR}")
  target_link_libraries(vestibule_hiredis INTERFACE "${HIREDIS_LIBRARY}")
endif()

# yaml-cpp 0.7 names its target without a namespace.
if(TARGET yaml-cpp::yaml-cpp)
  set(VESTIBULE_YAML yaml-cpp::yaml-cpp)
else()
  set(VESTIBULE_YAML yaml-cpp)
endif()
