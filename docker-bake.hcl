# All images, for both kinds of machines: docker buildx bake -f docker-bake.hcl --push
# For this machine alone: docker buildx bake -f docker-bake.hcl --load --set '*.platform='
# Without -f it reads docker-compose.yml too, which wants a MEDIA.
variable "IMAGES" { default = "" }
variable "TAG" { default = "latest" }
variable "VERSION" { default = "0.1.0" }
variable "REVISION" { default = "unknown" }

group "default" {
  targets = ["indexer", "api", "proxy", "all"]
}

target "common" {
  context    = "."
  dockerfile = "services/Dockerfile"
  platforms  = ["linux/amd64", "linux/arm64"]
  args       = { VERSION = VERSION, REVISION = REVISION }
}

target "indexer" {
  inherits = ["common"]
  target   = "indexer"
  tags     = ["${IMAGES}drive-feed-indexer:${TAG}"]
}

target "api" {
  inherits = ["common"]
  target   = "api"
  tags     = ["${IMAGES}drive-feed-api:${TAG}"]
}

target "proxy" {
  inherits = ["common"]
  target   = "proxy"
  tags     = ["${IMAGES}drive-feed-proxy:${TAG}"]
}

# Both services in one container.
target "all" {
  inherits = ["common"]
  target   = "all"
  tags     = ["${IMAGES}drive-feed:${TAG}"]
}
