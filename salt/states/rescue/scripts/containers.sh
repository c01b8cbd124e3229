# Starts those of the containers in RESCUE_CONTAINERS (one a line) that exist and have stopped.
command -v docker >/dev/null || { echo "docker is not installed here"; exit 3; }
timeout 10 docker info >/dev/null 2>&1 || { echo "the Docker daemon does not answer"; exit 3; }
printf '%s\n' "$RESCUE_CONTAINERS" | {
  bad=0
  while IFS= read -r name; do
    # Braces that stand together would be rendered by the state that this text is part of.
    state=$(timeout 10 docker container inspect --format '{''{.State.Status}''}' -- "$name" 2>/dev/null)
    case $state in
      running) echo "$name: runs"; continue ;;
      '') echo "$name: there is no such container, and none is made here"; bad=1; continue ;;
      paused) echo "$name: somebody has paused it, so it is left alone"; bad=1; continue ;;
    esac
    echo "$name: $state; it said last:"
    timeout 10 docker logs --tail 20 -- "$name" 2>&1
    if timeout 60 docker start -- "$name" >/dev/null; then echo "$name: started"; else bad=1; fi
  done
  exit "$bad"
}
