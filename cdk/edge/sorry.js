// After the cache: the sorry page comes from a bucket with the status 200. It is no success.
function handler(event) {
  var response = event.response;
  if (response.headers['x-amz-meta-sorry']) {
    response.statusCode = 503;
    response.statusDescription = 'Service Unavailable';
    response.headers['retry-after'] = { value: '30' };
  }
  return response;
}
