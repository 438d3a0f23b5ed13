# SPDX-License-Identifier: MIT
# Lines of a store of a model that does not exist, two numbers a face, to import.
head_of() { printf '{"mien":1,"encoder":"%s","weights":"%064d","dim":2,"metric":"l2","settings":"{}","fingerprint":"%s"}\n' "$1" 0 "${2-f}"; }
# face LABEL PHOTO X Y: the photo's name stands for its content
face() {
    printf '{"label":"%s","photo":"dataset_training/%s","box":{"left":1,"top":2,"width":3,"height":4},"encoding":[%s,%s],"origin":"train","time":"2026-01-31T09:00:00Z","sha256":"%s","score":0.5}\n' \
        "$1" "$2" "$3" "$4" "$(printf %s "$2" | sha256sum | cut -c-64)"
}
# denied LABEL PHOTO
denied() {
    printf '{"denied":"%s","photo":"dataset_training/%s","box":{"left":1,"top":2,"width":3,"height":4},"encoding":[0,0],"time":"2026-01-31T09:00:00Z","sha256":"%s"}\n' \
        "$1" "$2" "$(printf %s "$2" | sha256sum | cut -c-64)"
}
