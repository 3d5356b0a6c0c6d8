x = {  'a':1,'b' :[1,2,
 3]}
def f( a,b ) :
  return   a+b
