# All images, for both kinds of machines: docker buildx bake --push
# For this machine alone: docker buildx bake --load --set '*.platform='
variable "IMAGES" { default = "" }
variable "TAG" { default = "latest" }
variable "VERSION" { default = "0.1.0" }
variable "REVISION" { default = "unknown" }

group "default" {
  targets = ["indexer", "api", "proxy"]
}

target "common" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  args      = { VERSION = VERSION, REVISION = REVISION }
}

target "indexer" {
  inherits   = ["common"]
  dockerfile = "services/indexer/Dockerfile"
  tags       = ["${IMAGES}drive-feed-indexer:${TAG}"]
}

target "api" {
  inherits   = ["common"]
  dockerfile = "services/api/Dockerfile"
  tags       = ["${IMAGES}drive-feed-api:${TAG}"]
}

target "proxy" {
  inherits   = ["common"]
  dockerfile = "services/proxy/Dockerfile"
  tags       = ["${IMAGES}drive-feed-proxy:${TAG}"]
}
