// Before the cache: every address of the console is the same page, and the console reads the address itself.
// So that the sorry page can stand in for it under one name, it is asked for under one name.
function handler(event) {
  var request = event.request;
  var last = request.uri.split('/').pop();
  if (last.indexOf('.') === -1) {
    request.uri = '/page.html';
  }
  return request;
}
